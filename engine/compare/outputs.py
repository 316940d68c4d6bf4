"""Two outputs of many messages, compared field by field: what another engine made, and what this one makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from engine.compare.flat import Flat, messages

#: Examples kept of one field's differences.
EXAMPLES = 3


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message and where it stands."""

    where: str
    """`a.hl7`, or `all.hl7 number 3`."""
    key: tuple[str, ...]
    flat: Flat


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. Values are those of messages: to be shown only to who asks for them."""

    where: str
    place: str
    """`OBX[2]-5.1`"""
    a: str | None
    """None = it is not there."""
    b: str | None


class Field(msgspec.Struct, kw_only=True):
    """All differences of one field."""

    field: str
    changed: int = 0
    missing: int = 0
    """Only in A."""
    added: int = 0
    """Only in B."""
    examples: list[Example] = []

    @property
    def count(self) -> int:
        """How many there are."""
        return self.changed + self.missing + self.added


class Comparison(msgspec.Struct, kw_only=True):
    """What two outputs have in common, and what not."""

    pairs: int = 0
    alike: int = 0
    only_a: list[str] = []
    """Where messages of A stand that have no counterpart."""
    only_b: list[str] = []
    twice: list[str] = []
    """Where messages stand whose key has stood before; they are not compared."""
    unkeyed: list[str] = []
    """Where messages stand in which the key is empty; they are not compared."""
    fields: list[Field] = []
    """Most frequent first."""

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.only_a or self.only_b or self.twice or self.unkeyed or self.fields)


def compared(
    a: Iterable[tuple[str, bytes]],
    b: Iterable[tuple[str, bytes]],
    by: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> Comparison:
    """
    Compare two outputs: files by name and bytes. Messages belong together whose `by` fields are equal; without any, those
    of the same file and number. `ignore` are fields (`MSH-7`, with all below it) that do not count.
    """
    found, fields = Comparison(), dict[str, Field]()
    ours, theirs = _keyed(a, by, found), _keyed(b, by, found)
    for key, message in ours.items():
        other = theirs.pop(key, None)
        if other is None:
            found.only_a.append(message.where)
            continue
        found.pairs += 1
        found.alike += not _differences(message, other, ignore, fields)
    found.only_b = [message.where for message in theirs.values()]
    found.fields = sorted(fields.values(), key=lambda field: (-field.count, field.field))
    return found


def _keyed(
    files: Iterable[tuple[str, bytes]], by: Sequence[str], found: Comparison
) -> dict[tuple[str, ...], Message]:
    keyed: dict[tuple[str, ...], Message] = {}
    for message in _messages(files, by):
        if by and not any(message.key):
            found.unkeyed.append(message.where)
        elif message.key in keyed:
            found.twice.append(message.where)
        else:
            keyed[message.key] = message
    return keyed


def _messages(files: Iterable[tuple[str, bytes]], by: Sequence[str]) -> Iterator[Message]:
    for name, content in files:
        found = messages(content)
        for number, flat in enumerate(found, 1):
            where = f"{name} number {number}" if len(found) > 1 else name
            key = tuple(flat.value(field) for field in by) if by else (name, str(number))
            yield Message(where=where, key=key, flat=flat)


def _differences(
    ours: Message, theirs: Message, ignore: Sequence[str], fields: dict[str, Field]
) -> bool:
    """Note what differs; whether anything does."""
    mine, others = ours.flat.fields, theirs.flat.fields
    differs = False
    for place in dict.fromkeys((*mine, *others)):
        name, a = mine.get(place, ("", None))
        other, b = others.get(place, ("", None))
        name = name or other
        if a == b or _ignored(name, ignore):
            continue
        differs = True
        field = fields.setdefault(name, Field(field=name))
        if a is None:
            field.added += 1
        elif b is None:
            field.missing += 1
        else:
            field.changed += 1
        if len(field.examples) < EXAMPLES:
            field.examples.append(Example(where=ours.where, place=place, a=a, b=b))
    return differs


def _ignored(field: str, ignore: Sequence[str]) -> bool:
    """
    Whether a field is one of those, or a part of one.

    >>> _ignored("MSH-7.1", ["msh-7"]), _ignored("MSH-70", ["MSH-7"]), _ignored("lines[*].at", ["lines"])
    (True, False, True)
    """
    name = field.lower()
    return any(
        name == each.lower() or (name.startswith(each.lower()) and name[len(each)] in ".-[(")
        for each in ignore
    )
