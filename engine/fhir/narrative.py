"""The narrative of a resource (FHIR R4, 2.4): well-formed XHTML of which nothing acts, and in which something is said."""

from __future__ import annotations

import html.entities
import re
from collections.abc import Iterator
from typing import Any

from engine.errors import MessageError
from engine.findings import Finding
from engine.markup import reader

_XHTML = "http://www.w3.org/1999/xhtml"
_ELEMENTS = frozenset(
    "a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd dfn div dl dt em "
    "h1 h2 h3 h4 h5 h6 hr i img kbd li map ol p pre q s samp small span strong sub sup table tbody td tfoot th "
    "thead tr tt u ul var".split()
)
_ATTRIBUTES = frozenset(
    "abbr accesskey align alt axis bgcolor border cellpadding cellspacing char charoff charset cite class clear "
    "color compact coords dir frame headers height href hreflang hspace id ismap lang longdesc name nohref noshade "
    "nowrap rel rev rowspan colspan rules scope shape size span src start style summary tabindex target title type "
    "usemap valign value vspace width".split()
)
_XML = "{http://www.w3.org/XML/1998/namespace}"
_ACTS = re.compile(r"\s*(?:javascript|vbscript)\s*:", re.IGNORECASE)
_TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
#: What needs no parser: one div, nothing in it but text.
PLAIN = r'<div xmlns="http://www\.w3\.org/1999/xhtml">[^<&\x00-\x08\x0b\x0c\x0e-\x1f]*[^<&\s\x00-\x1f][^<&\x00-\x08\x0b\x0c\x0e-\x1f]*</div>'
_PLAIN = re.compile(PLAIN)


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
    if name not in _ELEMENTS:
        shown = (
            f" '{name}'"
            if re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,20}", name)
            else " of another namespace"
        )
        yield f"the narrative must not have the element{shown} [txt-1]"
    for key, value in element.attrib.items():
        plain = key.removeprefix(_XML)
        if plain.lower() not in _ATTRIBUTES and plain != "space":
            yield "the narrative has an attribute that is not allowed in it [txt-1]"
        elif plain in ("href", "src") and _ACTS.match(value):
            yield "a link of the narrative must not run a script [txt-1]"
