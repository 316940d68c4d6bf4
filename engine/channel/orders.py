"""In which order the keys of a home's files are written: the order of the line, as engine/channel/grammar.py has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.channel import grammar
from engine.installation import Installation
from engine.mapping.choices import EDITS

_EACH = "*"
#: Keys of a mapping: what it reads and makes, of what, when, what it names, what it writes. Edits are made in the order in
#: which they are written, so that they keep it.
_MAPPING = (
    "description", "from", "to", "namespaces", "of", "each", "when", "let", "xslt", "parameters", (*EDITS, "groups"),
    "fields", "value", "pairs",
)  # fmt: skip


class Ordered:
    """The order of the keys of one record, and of those inside it."""

    def __init__(
        self,
        keys: Sequence[str | tuple[str, ...]] = (),
        inside: dict[str, Ordered] | None = None,
        connector: str = "",
    ) -> None:
        """
        Keys in a tuple stand in any order. `connector`: the key before which a connector stands, whose name is none of the
        keys; without it others stand last.
        """
        self._places = {
            key: at * 2
            for at, said in enumerate(keys)
            for key in (said if isinstance(said, tuple) else (said,))
        }
        self._inside = inside or {}
        self._other = self._places[connector] - 1 if connector else len(keys) * 2

    def inside(self, name: str) -> Ordered:
        """That of what stands under a key, or of the items of a list (`[]`)."""
        return self._inside.get(name) or self._inside.get(_EACH) or _ANY

    def sorted(self, chunks: list[Any]) -> list[Any]:
        """Things with names in this order; those that have no place keep theirs among themselves."""
        if not self._places:
            return chunks
        return sorted(chunks, key=lambda chunk: self._places.get(chunk.name, self._other))


_ANY = Ordered()


def _either(order: Ordered) -> Ordered:
    """The same for one record and for a list of them."""
    order._inside["[]"] = order
    return order


def _level(level: grammar.Level, connector: str = "", **inside: Ordered) -> Ordered:
    return Ordered(level.keys, dict(inside), connector)


_DESTINATION = _level(
    grammar.DESTINATION,
    "after",
    reply=_level(grammar.REPLY),
    expect=_level(grammar.EXPECT),
    batch=_level(grammar.BATCH, close=_level(grammar.CLOSE)),
)
_INSIDE = {
    "source": _level(grammar.SOURCE, "encoding", answer=_level(grammar.ANSWER)),
    "accept": _either(_level(grammar.ACCEPT)),
    "remember": Ordered((), {_EACH: _level(grammar.REMEMBER)}),
    "transform": _either(_level(grammar.TRANSFORM)),
    "collect": _level(grammar.COLLECT, release=_level(grammar.RELEASE)),
    "destinations": Ordered((), {_EACH: _DESTINATION}),
    "tests": Ordered((), {"[]": _level(grammar.TEST, given=_either(_level(grammar.GIVEN)))}),
}
_CHANNEL = Ordered(grammar.CHANNEL.keys, _INSIDE)
_PARAMETERS = Ordered((), {_EACH: _level(grammar.PARAMETER)})
_TEMPLATE = Ordered(
    ("parameters", *grammar.CHANNEL.keys), {"parameters": _PARAMETERS, **_INSIDE}
)
_OF_MAPPING = Ordered(_MAPPING)
_CONFIG = Ordered(Installation.__struct_fields__)


def of_file(file: str) -> Ordered:
    """The order of a file, by where it stands in its home: `channels/a.yaml`, `mappings/b.yaml`, `config.yaml`."""
    folder, _, _ = file.rpartition("/")
    found = {"channels": _CHANNEL, "channels/templates": _TEMPLATE, "mappings": _OF_MAPPING}
    if file == "config.yaml":
        return _CONFIG
    return found.get(folder, _ANY)
