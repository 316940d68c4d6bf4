"""The narrative of a resource (FHIR R4, 2.4): well-formed XHTML of which nothing acts, and in which something is said."""

from __future__ import annotations

import html.entities
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.parsers import expat

from engine.errors import MessageError
from engine.findings import Finding
from engine.markup import reader

_XHTML = "http://www.w3.org/1999/xhtml"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_ACTS = re.compile(r"\s*(?:javascript|vbscript)\s*:", re.IGNORECASE)
_TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
#: What needs no parser: one div, nothing in it but text.
_OPEN = r'<div xmlns="http://www\.w3\.org/1999/xhtml">'
_CHARACTER = r"[^<&\x00-\x08\x0b\x0c\x0e-\x1f]"
_ENTITY = "&(?:amp|lt|gt|quot|apos);"
PLAIN = rf"{_OPEN}{_CHARACTER}*</div>"
_PLAIN = re.compile(PLAIN)
#: The same with entities; nothing that was taken is given back, or a long text with an element behind it would be tried for ever.
_SAID = re.compile(rf"{_OPEN}(?:{_CHARACTER}++|{_ENTITY})*+</div>")


def findings(text: str, place: str) -> Iterator[Finding]:
    """
    What is wrong with a `div`.

    >>> list(findings('<div xmlns="http://www.w3.org/1999/xhtml"><script>1</script></div>', "Patient.text.div"))
    [('Patient.text.div', "the narrative must not have the element 'script' [txt-1]")]
    """
    if _PLAIN.fullmatch(text) is not None:
        return
    try:
        root = reader.read(_NAMED.sub(_numbered, text).encode()).root
    except (MessageError, UnicodeEncodeError):
        yield place, "the narrative must be well-formed XHTML"
        return
    if root.tag != f"{{{_XHTML}}}div":
        yield place, f'the narrative must be one div of the namespace: <div xmlns="{_XHTML}">'
        return
    for each in root.iter():
        for rule in _rules(each):
            yield place, rule


def says(text: str) -> bool:
    """
    Whether something is said in a `div`, in text or a picture (txt-2).

    >>> says("<div><p> </p></div>"), says("<div><p>1</p></div>")
    (False, True)
    """
    return "<img" in text or bool(_TAG.sub("", text).strip())


def quick() -> str:
    """An expression that only keeps out: what it takes is right where it is well-formed."""
    inside, safe = (
        rf"(?:[^Q<&]|{_ENTITY})*",
        rf"(?:(?:https?:|mailto:|#)(?:[^Q<&]|{_ENTITY})*|[^Q<&:]*)",
    )
    plain = "|".join(sorted(_allowed()["attributes"] - {"href", "src"}))
    either = rf"(?:(?:xml:)?(?:{plain})=Q{inside}Q|(?:href|src)=Q{safe}Q)"
    attribute = r"[ \t\r\n]+(?:" + "|".join(either.replace("Q", mark) for mark in "\"'") + ")"
    names = "|".join(sorted(_allowed()["elements"]))
    element = rf"<(?:{names})(?:{attribute})*[ \t\r\n]*/?>|</(?:{names})>"
    head = rf"""<div xmlns="{_XHTML}"(?:{attribute})*>"""
    return rf"^{head}(?:{_CHARACTER}|{_ENTITY}|{element})*</div>$"


def is_said(text: Any) -> bool:
    """Whether it is one div of text: such a narrative is right."""
    return isinstance(text, str) and _SAID.fullmatch(text) is not None


def well_formed(text: str) -> bool:
    """Whether a narrative that `quick` takes is well-formed: no more is asked. One div of text needs no parser to say so."""
    if _SAID.fullmatch(text) is not None:
        return True
    try:
        expat.ParserCreate().Parse(text, True)
    except expat.ExpatError:
        return False
    return True


@cache
def _allowed() -> dict[str, frozenset[str]]:
    lines = (Path(__file__).parent / "data/narrative.tsv").read_text("utf-8").splitlines()
    return {name: frozenset(words) for name, *words in (line.split("\t") for line in lines)}


def _numbered(found: re.Match[str]) -> str:
    """A character that HTML names, by its number; those of XML stay."""
    name = found[1]
    if name in ("amp", "lt", "gt", "quot", "apos"):
        return found[0]
    code = html.entities.name2codepoint.get(name)
    return f"&#{code};" if code else found[0]


def _rules(element: Any) -> Iterator[str]:
    tag = element.tag
    if not isinstance(tag, str):
        return
    name = tag.removeprefix(f"{{{_XHTML}}}")
    if name not in _allowed()["elements"]:
        shown = (
            f" '{name}'"
            if re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,20}", name)
            else " of another namespace"
        )
        yield f"the narrative must not have the element{shown} [txt-1]"
    for key, value in element.attrib.items():
        plain = key.removeprefix(_XML)
        if plain.lower() not in _allowed()["attributes"] and plain != "space":
            yield "the narrative has an attribute that is not allowed in it [txt-1]"
        elif plain in ("href", "src") and _ACTS.match(value):
            yield "a link of the narrative must not run a script [txt-1]"
