"""Payloads of which a test names some fields: read by the paths of their own format."""

from __future__ import annotations

from collections.abc import Iterator

from engine import compare, formats
from engine.channel import Channel, Home
from engine.channel.binding import language_of
from engine.errors import MessageError
from engine.formats import Reading, Scope
from engine.mapping import Language, expression
from engine.mapping.layouts import layout as layout_named
from engine.mapping.tables import Tables
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes, Node, Record, Scalar

#: How a payload begins, by format.
_BEGINNINGS = (
    (b"MSH", "hl7v2"),
    (b"FHS", "hl7v2"),
    (b"BHS", "hl7v2"),
    (b"ISA", "x12"),
    (b"UNA", "edifact"),
    (b"UNB", "edifact"),
)
#: Formats whose payloads are read by the layout that they were written with.
_LAID_OUT = ("delimited", "fixed")


def fields(
    made: bytes,
    expected: Record,
    channel: Channel,
    destination: str,
    home: Home,
    inbound: Inbound,
) -> Iterator[tuple[Node, str]]:
    """Differences between a payload and some expected fields of it, each with the node that expects it."""
    value = compare.as_json(made)
    if value is not compare.ABSENT:
        plain, of_fhir = _parted(value, expected)
        yield from compare.fields(value, plain)
        if of_fhir.entries:
            resource = _Reader(made, "fhir", None, channel, home, inbound)
            yield from compare.texts(resource.read, of_fhir)
        return
    name, layout = _format_of(made), None
    if not name:
        name, layout = _layout_of(channel, destination, home)
    if not name:
        problem = "is neither JSON, HL7, X12 nor EDIFACT, whose fields can be named; expect a file or a block of text"
        yield expected, problem
        return
    try:
        reader = _Reader(made, name, layout, channel, home, inbound)
    except MessageError as error:
        yield expected, f"cannot be read: {error}"
        return
    yield from compare.texts(reader.read, expected)


def _parted(value: object, expected: Record) -> tuple[Record, Record]:
    """What names fields of JSON, and, of a resource, what only paths of FHIR read: `Patient/birthDate`, `count(Patient)`."""
    resource = isinstance(value, dict) and "resourceType" in value
    mine = {name for name in expected.entries if resource and ("/" in name or "(" in name)}
    plain = {name: node for name, node in expected.entries.items() if name not in mine}
    of_fhir = {name: expected.entries[name] for name in expected.entries if name in mine}
    return (
        Record(entries=plain, keys=expected.keys, place=expected.place),
        Record(entries=of_fhir, keys=expected.keys, place=expected.place),
    )


def _format_of(made: bytes) -> str:
    return next((name for begins, name in _BEGINNINGS if made.startswith(begins)), "")


def _layout_of(channel: Channel, destination: str, home: Home) -> tuple[str, object]:
    """Format and layout by which a destination's payloads were written; empty where they have none."""
    route = next((route for route in channel.routes if route.name == destination), None)
    chains = [chain[-1] for chain in channel.transforms]
    made = [route.render] if route is not None and route.render is not None else chains
    for mapping in made:
        format, _, name = mapping.to.partition("/")
        if format in _LAID_OUT:
            file = name.partition("/")[0]
            found = layout_named(format, file, home.folder, channel.file, Mistakes())
            return (format, found[0]) if found is not None else ("", None)
    return "", None


class _Reader:
    """One payload, read by expressions."""

    def __init__(
        self, made: bytes, name: str, layout: object, channel: Channel, home: Home, inbound: Inbound
    ) -> None:  # fmt: skip
        self._name, self._layout, self._zone = name, layout, channel.zone
        self._home = home
        self._document = formats.load(name).parse(made, Reading(layout=layout))
        self._facts = Facts(inbound=inbound, context=Context(now=inbound.received_at))

    def read(self, path: Scalar) -> str | None:
        """The value of a path; LookupError, with what is wrong, where it cannot be read."""
        mistakes = Mistakes()
        compiled = expression(path, self._language(mistakes))
        if compiled is None:
            raise LookupError(next(iter(mistakes)).problem)
        try:
            value = compiled.run(Scope(self._document, self._facts))
        except MessageError as error:
            raise LookupError(str(error)) from None
        if isinstance(value, bool):
            return str(value).lower()
        return None if value is None else str(value)

    def _language(self, mistakes: Mistakes) -> Language:
        tables = Tables(self._home.folder, mistakes)
        format = formats.load(self._name)
        return language_of(self._name, format, mistakes, tables, self._zone, self._layout)
