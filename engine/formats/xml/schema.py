"""
XSD of a home (`mappings/schemas/NAME.xsd`): what documents are held against, and the order in which a build writes.

What a schema imports or includes is a file of the same folder, named by the last word of its `schemaLocation`; nothing is
fetched. Faults name line, path and the rule of the schema, never what stands there.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from lxml import etree

from engine.errors import MessageError
from engine.formats.xml.document import Document
from engine.hints import meant
from engine.markup.reader import hardened, shown
from engine.placed import Mistakes, Node, Place, Record, Scalar

FOLDER = "mappings/schemas"
#: Faults of one document that are told.
MOST = 20

_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*?) \)")
_FACET = re.compile(r"\[facet '(\w+)'\]")
_ATTRIBUTE = re.compile(r"attribute '([^']+)'")


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """A schema with all it imports: bytes, so that it can be handed from process to process."""

    name: str
    files: tuple[tuple[str, bytes], ...]
    """The file itself first."""


class _Resolver(etree.Resolver):  # type: ignore[misc]
    """Finds what a schema imports among the files of its folder."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.missing = files, list[str]()

    def resolve(self, url: str, public_id: str, context: Any) -> Any:
        """The file; an empty schema, and a note, where there is none."""
        name = url.rpartition("/")[2]
        content = self.files.get(name)
        if content is None:
            self.missing.append(name)
            content = b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>'
        return self.resolve_string(content, context, base_url=name)


def names(home: Path) -> list[str]:
    """The schemas of a home."""
    return sorted(path.stem for path in (home / FOLDER).glob("*.xsd"))


def load(name: str, home: Path, at: Node, mistakes: Mistakes) -> Schema | None:
    """A schema, checked; None where mistakes were noted."""
    known = names(home)
    if name not in known:
        near = meant(name, known) or f"; it would be the file {FOLDER}/{name}.xsd"
        mistakes.add(at, f"there is no schema '{name}'{near}")
        return None
    first = f"{name}.xsd"
    paths = sorted((home / FOLDER).glob("*.xsd"), key=lambda path: path.name != first)
    made = Schema(name=name, files=tuple((path.name, path.read_bytes()) for path in paths))
    resolver = _Resolver(dict(made.files))
    try:
        _made(made, resolver)
    except (etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
        if not resolver.missing:
            _note(error, first, mistakes)
            return None
    for each in dict.fromkeys(resolver.missing):
        problem = (
            f"the schema '{name}' imports {each}, which is not in {FOLDER}; nothing is fetched"
        )
        mistakes.add(Place(file=f"{FOLDER}/{first}", line=1, column=1), problem)
    return None if resolver.missing else made


def _note(error: Any, first: str, mistakes: Mistakes) -> None:
    entries = [entry for entry in error.error_log if entry.level >= etree.ErrorLevels.ERROR]
    for entry in entries[:MOST]:
        file = Path(entry.filename or first).name
        name = file if file.endswith(".xsd") else first
        place = Place(file=f"{FOLDER}/{name}", line=max(entry.line, 1), column=1)
        mistakes.add(place, entry.message.rstrip(". "))


def _made(schema: Schema, resolver: _Resolver) -> Any:
    parser = hardened()
    parser.resolvers.add(resolver)
    first, content = schema.files[0]
    return etree.XMLSchema(etree.fromstring(content, parser, base_url=first))


@lru_cache(64)
def _compiled(schema: Schema) -> Any:
    return _made(schema, _Resolver(dict(schema.files)))


def level(node: Node, home: Path, mistakes: Mistakes) -> Schema | None:
    """`validate: {xsd: NAME}` of a channel, compiled; None where mistakes were noted."""
    said = node.entries.get("xsd") if isinstance(node, Record) else None
    if not isinstance(said, Scalar) or not said.text:
        mistakes.add(node, "XML is held against a schema", "validate: {xsd: purchase_order}")
        return None
    return load(said.text, home, said, mistakes)


def validate(document: Document, level: Schema) -> None:
    """MessageError `invalid` with every fault, by line, path and rule, where the document breaks the schema."""
    made = _compiled(level)
    if made.validate(document.root):
        return
    entries = list(made.error_log)
    told = dict.fromkeys(_fault(document, entry) for entry in entries)
    more = f"; and {len(told) - MOST} more" if len(told) > MOST else ""
    paths = dict.fromkeys(_path(document, entry) for entry in entries[:MOST])
    said = "; ".join(list(told)[:MOST]) + more
    if len(paths) == 1:
        said = said.replace(
            f", {next(iter(paths))}:", ":"
        )  # the error says the place by itself
    raise MessageError("invalid", said, ", ".join(paths))


def _fault(document: Document, entry: Any) -> str:
    message = entry.message
    rule = _RULES.get(
        entry.type_name.removeprefix("SCHEMAV_"), "the schema does not allow it so"
    )
    if (facet := _FACET.search(message)) is not None:
        rule = f"the value does not keep the schema's {facet[1]}"
    if (attribute := _ATTRIBUTE.search(message)) is not None:
        rule = f"@{_plain(attribute[1])}: {rule}"
    if (expected := _EXPECTED.search(message)) is not None:
        rule += f", expected {_plain(expected[1])}"
    return f"line {entry.line}, {_path(document, entry)}: {rule}"


def _plain(names_: str) -> str:
    return re.sub(r"\{[^}]*\}", "", names_)


def _path(document: Document, entry: Any) -> str:
    """Where it is, as a path of elements with the document's prefixes."""
    root = document.root
    prefixes = {prefix: uri for prefix, uri in root.nsmap.items() if prefix}
    try:
        found = root.getroottree().xpath(entry.path or "/*", namespaces=prefixes)
    except etree.XPathError:  # a prefix that is declared further in
        return str(entry.path).strip("/")
    if not found:
        return shown(root)
    said: list[str] = []
    at = found[0]
    while at is not None:
        like = [each for each in at.itersiblings(at.tag, preceding=True)]
        more = like or next(at.itersiblings(at.tag), None) is not None
        said.append(f"{shown(at)}[{len(like) + 1}]" if more else shown(at))
        at = at.getparent()
    return "/".join(reversed(said))


_RULES = {
    "ELEMENT_CONTENT": "the element does not stand here, or one is missing before it",
    "CVC_ELT_1": "the schema has no such element at the top",
    "CVC_COMPLEX_TYPE_3_1": "the attribute has another value than the schema fixes",
    "CVC_COMPLEX_TYPE_3_2_1": "the schema has no such attribute",
    "CVC_COMPLEX_TYPE_3_2_2": "the schema has no such attribute",
    "CVC_COMPLEX_TYPE_4": "a required attribute is missing",
    "CVC_COMPLEX_TYPE_2_1": "the element has to be empty",
    "CVC_COMPLEX_TYPE_2_2": "the element holds text only, no elements",
    "CVC_COMPLEX_TYPE_2_3": "no text stands between the elements here",
    "CVC_DATATYPE_VALID_1_2_1": "the value is not of the type that the schema says",
    "CVC_DATATYPE_VALID_1_2_2": "the value is not of the type that the schema says",
    "CVC_DATATYPE_VALID_1_2_3": "the value is not of the type that the schema says",
    "CVC_ELT_3_1": "the element cannot be nil",
    "CVC_ELT_3_2_1": "what is nil is empty",
    "CVC_ELT_4_2": "the schema has no such type",
    "CVC_IDC": "a key is missing, stands twice, or names nothing",
}
