"""What is known of a message besides its content: `meta.`, `now()`, and a partner's answer in `reply:`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from engine.formats import Scope
from engine.mapping.language import Term, Wrong, suggestion
from engine.mapping.values import Moment
from engine.message import Inbound, short_id

if TYPE_CHECKING:
    from engine.mapping.parser import Parser

_WORD = re.compile(r"[a-z_]+")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
#: Milliseconds are kept of the engine's own times.
MILLISECOND = 9


def moment(seconds: float, zone: ZoneInfo) -> Moment:
    """
    A wall clock time, to the millisecond.

    >>> str(moment(0.25, ZoneInfo("America/Chicago")))
    '1969-12-31T18:00:00.250-06:00'
    """
    return Moment(datetime.fromtimestamp(seconds, zone), MILLISECOND)


def _inbound(scope: Scope) -> Inbound:
    inbound: Inbound = scope.context.inbound
    return inbound


def _fact(name: str) -> Callable[[Scope], Any]:
    return lambda scope: (_inbound(scope).facts or {}).get(name) or None


def _line(scope: Scope) -> Decimal | None:
    line = (_inbound(scope).facts or {}).get("line")
    return Decimal(line) if line else None


def _event_number(scope: Scope) -> Decimal | None:
    number = (_inbound(scope).facts or {}).get("event_number")
    return Decimal(number) if number else None


def _id(number: int) -> str | None:
    return short_id(number) if number else None


_META: dict[str, tuple[str, Callable[[Scope], Any]]] = {
    "file_name": ("text", _fact("file_name")),
    "folder": ("text", _fact("folder")),
    "archive": ("text", _fact("archive")),
    "line": ("number", _line),
    "interaction": ("text", _fact("interaction")),
    "resource_type": ("text", _fact("resource_type")),
    "resource_id": ("text", _fact("resource_id")),
    "criteria": ("text", _fact("criteria")),
    "client": ("text", _fact("client")),
    "topic": ("text", _fact("topic")),
    "subscription": ("text", _fact("subscription")),
    "event_number": ("number", _event_number),
    "peer": ("text", lambda scope: _inbound(scope).peer or None),
    "id": ("text", lambda scope: _id(scope.context.context.id)),
    "parent": ("text", lambda scope: _id(_inbound(scope).parent)),
    "replayed": ("truth", lambda scope: _inbound(scope).replay_of != 0),
    "vanished": ("truth", lambda scope: _fact("vanished")(scope) is not None),
    "test": ("truth", lambda scope: _inbound(scope).test),
}


def own_meta(parser: Parser, at: int) -> bool:
    """Whether `meta.` names what resources of FHIR have (`meta.lastUpdated`), and no fact of the message."""
    found = _NAME.match(parser.text, at)
    own = getattr(parser.language.format.paths, "meta", ())
    return found is not None and found[0] in own and not known(found[0])


def known(name: str) -> bool:
    """Whether there is such a fact behind `meta.`."""
    return name in _META or name in ("received_at", "header")


def meta(parser: Parser, start: int) -> Term:
    """The fact behind `meta.`; the parser stands behind the dot."""
    match = _WORD.match(parser.text, parser.at)
    word = match.group() if match else ""
    at, parser.at = parser.at, parser.at + len(word)
    if word == "header":
        return header(parser, start)
    path = f"meta.{word}"
    if word == "received_at":
        zone = ZoneInfo(parser.language.zone)
        return Term(
            run=lambda scope: moment(_inbound(scope).received_at, zone),
            kind="moment",
            offset=start,
            paths=(path,),
        )
    if word not in _META:
        names = [*_META, "received_at", "header"]
        near = suggestion(word, names) or f"; there is {', '.join(names)}"
        raise Wrong(at, f"meta has no '{word}'{near}")
    kind, run = _META[word]
    return Term(run=run, kind=kind, offset=start, paths=(path,))


def header(parser: Parser, start: int) -> Term:
    """`header("X-Facility")`, whatever the case of its letters; the parser stands before the bracket."""
    parser.expect("(", "and the header's name")
    if parser.skip() != '"':
        raise Wrong(
            parser.at, "the header's name stands in double quotes", 'header("X-Facility")'
        )
    name = parser.quoted().lower()
    parser.expect(")", "behind the header's name")

    def run(scope: Scope) -> Any:
        facts = _inbound(scope).facts
        if not facts:
            return None
        found = facts.get(f"header.{name}") or facts.get(name)
        return found or next((facts[key] for key in facts if key.lower() == name), None) or None

    return Term(run=run, kind="text", offset=start, paths=(f'header("{name}")',))


def status(start: int) -> Term:
    """The partner's word for what became of it: `201`, `AA`."""
    return Term(run=_fact("status"), kind="text", offset=start, paths=("status",))


def now(zone: str, start: int) -> Term:
    """The moment of planning."""
    at = ZoneInfo(zone)
    return Term(
        run=lambda scope: moment(scope.context.context.now, at), kind="moment", offset=start
    )
