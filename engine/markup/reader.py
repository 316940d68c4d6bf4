"""
The one reader of XML. What comes from outside is taken for hostile:

    no DTD         a DOCTYPE that declares something is refused; one that only names an outside DTD (cXML) is passed over
    no entities    other than the five of XML itself and numbers: without declarations there are none
    no network     nothing is fetched, no XInclude is carried out
    limits         bytes of a document, depth, length of a text, of a name; time grows with the size and no faster

Errors name line, column and the rule, never what stands there.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from lxml import etree

from engine.errors import MessageError
from engine.markup.encodings import Coded, decoded

#: Largest document, in bytes; its elements take some five times as much memory.
MOST = 128 * 1024 * 1024
#: Deepest nesting and longest text: what libxml2 grants without `huge_tree`.
DEPTH, LONGEST = 256, 10_000_000

_SPACE = re.compile(rb"[ \t\r\n]*")
_LITERAL = rb"(?:\"[^\"]*\"|'[^']*')"
_OUTSIDE = re.compile(
    rb"<!DOCTYPE\s+[^\s\[\]<>\"']+\s*"
    rb"(?:(?:PUBLIC\s+" + _LITERAL + rb"\s+|SYSTEM\s+)" + _LITERAL + rb"\s*)?>"
)
_DOCTYPE = b"<!DOCTYPE"


class Element(etree.ElementBase):  # type: ignore[misc]
    """An element; as text it is its value."""

    def value(self) -> str | None:
        """
        The text in it, without the blanks around it; None for nothing. Where elements stand in it, all text together, each
        run of blanks as one.
        """
        if len(self) == 0:
            text: str | None = self.text
            return text.strip(_BLANK) or None if text else None
        return " ".join(_STRING(self).split()) or None

    def __str__(self) -> str:
        return shown(self)


class Parsed(msgspec.Struct, frozen=True):
    """A document, read."""

    root: Element
    coded: Coded
    """As UTF-8, whole, with its DOCTYPE."""


def read(raw: bytes, encoding: str = "", lenient: bool = False) -> Parsed:
    """
    Bytes to elements, comments and processing instructions kept.

    MessageError `not_xml`, `unsafe_xml`, `too_large` or `bad_encoding`, with line and column.

    >>> read(b'<a id="1"><b> x </b></a>').root[0].value()
    'x'
    """
    if len(raw) > MOST:
        raise MessageError("too_large", f"an XML document has at most {MOST} bytes")
    coded = decoded(raw, encoding, lenient)
    try:
        root = etree.fromstring(_without_doctype(coded.text), _PARSER)
    except etree.XMLSyntaxError as error:
        raise _refused(error) from None
    except ValueError:
        raise MessageError("not_xml", "the bytes are not XML") from None
    return Parsed(root, coded)


def shown(element: Any) -> str:
    """The name of an element for people, with the prefix that the document gives it."""
    name = etree.QName(element).localname
    return f"{element.prefix}:{name}" if element.prefix else name


def hardened(**more: Any) -> Any:
    """A parser that fetches nothing and expands nothing; for files of the home, too."""
    return etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        strip_cdata=False,
        **more,
    )


def _without_doctype(text: bytes) -> bytes:
    """The document with blanks in place of a DOCTYPE that names an outside DTD; MessageError for any other one."""
    if _DOCTYPE not in text:
        return text
    at = _behind_misc(text)
    if not text.startswith(_DOCTYPE, at):
        return text
    found = _OUTSIDE.match(text, at)
    if found is None:
        line = text.count(b"\n", 0, at) + 1
        column = at - text.rfind(b"\n", 0, at)
        rule = f"the document has declarations of its own (DOCTYPE), line {line}, column {column}: none are taken"
        raise MessageError("unsafe_xml", rule)
    blank = re.sub(rb"[^\r\n]", b" ", found[0])
    return text[:at] + blank + text[found.end() :]


def _behind_misc(text: bytes) -> int:
    """Where declaration, comments and instructions before the first other thing end."""
    at = 0
    while True:
        space = _SPACE.match(text, at)
        at = space.end() if space else at
        ends = b"-->" if text.startswith(b"<!--", at) else b"?>"
        if not text.startswith((b"<!--", b"<?"), at):
            return at
        end = text.find(ends, at + 2)
        if end < 0:
            return at
        at = end + len(ends)


def _refused(error: Any) -> MessageError:
    line, column = error.position
    where = f", line {line}, column {column}"
    if error.code == _LIMIT:
        rule = f"nested more than {DEPTH} deep, or a text is longer than {LONGEST} characters{where}"
        return MessageError("too_large", rule)
    return MessageError("not_xml", f"{_RULES.get(error.code, _ANY)}{where}")


_BLANK = " \t\r\n"
_STRING = etree.XPath("string()", smart_strings=False, regexp=False)
_PARSER = hardened(encoding="utf-8")
_PARSER.set_element_class_lookup(etree.ElementDefaultClassLookup(element=Element))

_CODES = etree.ErrorTypes
_LIMIT = _CODES.ERR_RESOURCE_LIMIT
_ANY = "the bytes are not well-formed XML"
_RULES = {
    _CODES.ERR_DOCUMENT_EMPTY: "an XML document begins with an element, and there is none",
    _CODES.ERR_DOCUMENT_END: "something stands behind the end of the document",
    _CODES.ERR_INVALID_CHAR: "a character stands here that XML does not have",
    _CODES.ERR_INVALID_CHARREF: "a number stands for a character that XML does not have",
    _CODES.ERR_UNDECLARED_ENTITY: "an entity is used that is not declared; XML itself has amp, lt, gt, quot and apos",
    _CODES.ERR_ATTRIBUTE_REDEFINED: "an attribute stands twice in one element",
    _CODES.ERR_ATTRIBUTE_NOT_STARTED: "the value of an attribute stands in quotes",
    _CODES.ERR_TAG_NAME_MISMATCH: "the tag that ends here is not the one that is open",
    _CODES.ERR_TAG_NOT_FINISHED: "an element is not closed",
    _CODES.ERR_INVALID_ENCODING: "a byte is not of the character set of the document",
    _CODES.NS_ERR_UNDEFINED_NAMESPACE: "a prefix is used that is not declared",
}
