"""The segments and loops that rules of an edit walk: what the rules above left there, numbered as the standard does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from engine.errors import MessageError
from engine.formats import Scope
from engine.mapping import steps
from engine.mapping.language import Traced
from engine.mapping.rules import Block

Told = list[Traced] | None
"""Where traces go; None while no one looks."""
Step = Callable[[Any, Scope, Told], None]
"""One rule, carried out on the message being edited, in the scope of the message as it came."""


def walked(rules: Block, copy: Any, scope: Scope) -> Iterator[tuple[int, Scope]]:
    """The scopes in which something is done, each with its place in the walk."""
    each = rules.each
    if each is None:
        if rules.enter(scope):
            yield 1, scope
        return
    walked = copy.walk(each.nodes or each.run, scope)
    steps.take(scope, len(walked))
    for at, (number, thing) in enumerate(walked, 1):
        inner = scope.child(thing, number, thing if each.group else None)
        try:
            if rules.enter(inner):
                yield at, inner
        except MessageError as error:
            raise rules.located(error, at) from None


def taken(item: Any) -> Sequence[Any]:
    """The segments that go with a thing that is removed: of a loop of X12 all of its own, an element of XML itself."""
    loop = getattr(item, "part", None) is not None
    found: Sequence[Any] = item.segments() if loop else [getattr(item, "segment", item)]
    return found
