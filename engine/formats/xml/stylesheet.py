"""
XSLT 1.0 of a home (`mappings/xslt/NAME.xsl`), as a step that makes one document of another. Pure: it reads what it is
handed and nothing else, writes nothing, and gives the same for the same.

Refused at load: document(), import and include, extension elements and functions other than those of EXSLT that take
nodes, texts and sets (`exsl:node-set`, `str:`, `set:`), the current time and chance.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
from lxml import etree

from engine.errors import MessageError
from engine.formats.xml.document import Document
from engine.hints import meant
from engine.markup.reader import hardened
from engine.placed import Mistakes, Node, Place

FOLDER = "mappings/xslt"
#: Largest document that a stylesheet is given, in bytes, and how deep its templates may call each other.
MOST, DEPTH = 32 * 1024 * 1024, 500

_XSL = "{http://www.w3.org/1999/XSL/Transform}"
_REFUSED = {
    f"{_XSL}import": "a stylesheet is one file: nothing is imported",
    f"{_XSL}include": "a stylesheet is one file: nothing is included",
    f"{_XSL}document": "a stylesheet makes one document and writes no other",
}
#: Namespaces whose functions are pure: EXSLT common, strings, sets.
_PURE = {f"http://exslt.org/{name}" for name in ("common", "strings", "sets")}
_EXTENSIONS = re.compile(
    r"https?://(?:exslt\.org|icl\.com|xml\.apache\.org|saxon\.|www\.jclark\.com|xmlsoft\.org)"
    r"|.*xalan|.*saxon|http://codespeak\.net/"
)
_CALLS = re.compile(
    r"(?<![\w.\-])(document|unparsed-entity-uri|generate-id|random|object-type)\s*\("
)
_SAID = {
    "document": "document() reads other documents; what is needed stands in the one at hand",
    "generate-id": "generate-id() gives another text each time; group by the key's value",
}
_TEXTS = re.compile(r"\"[^\"]*\"|'[^']*'")
_PATHS = ("select", "test", "match", "use", "value", "count", "from", "group-by")


class Stylesheet(msgspec.Struct, frozen=True, kw_only=True):
    """A stylesheet, compiled."""

    name: str
    run: Any
    content: bytes

    def apply(self, document: Document, parameters: dict[str, str]) -> bytes:
        """
        What it makes, as bytes in the character set that its xsl:output says.

        Raises MessageError `xslt_failed` where it stops or calls itself without end, `too_large` for a document beyond bounds.
        """
        if len(document.raw) > MOST:
            raise MessageError("too_large", f"a stylesheet is given at most {MOST} bytes")
        said = {name: etree.XSLT.strparam(text) for name, text in parameters.items()}
        try:
            made = self.run(document.root, **said)
        except etree.XSLTApplyError as error:
            line = next((entry.line for entry in error.error_log if entry.line), 0)
            where = f" ({FOLDER}/{self.name}.xsl:{line})" if line else ""
            raise MessageError("xslt_failed", f"the stylesheet stops{where}") from None
        return bytes(made)


def load(name: str, home: Path, at: Node, mistakes: Mistakes) -> Stylesheet | None:
    """A stylesheet, checked; None where mistakes were noted."""
    known = sorted(path.stem for path in (home / FOLDER).glob("*.xsl"))
    file = f"{FOLDER}/{name}.xsl"
    if name not in known:
        near = meant(name, known) or f"; it would be the file {file}"
        mistakes.add(at, f"there is no stylesheet '{name}'{near}")
        return None
    content = (home / file).read_bytes()
    before = len(mistakes.found)
    run = _compiled(content, file, mistakes)
    if run is None or len(mistakes.found) > before:
        return None
    return Stylesheet(name=name, run=run, content=content)


def _compiled(content: bytes, file: str, mistakes: Mistakes) -> Any:
    def note(line: int, problem: str) -> None:
        mistakes.add(Place(file=file, line=max(line, 1), column=1), problem)

    try:
        root = etree.fromstring(content, hardened())
    except etree.XMLSyntaxError as error:
        note(error.position[0], str(error.msg).partition(", line")[0])
        return None
    if root.getroottree().docinfo.doctype:
        note(1, "a stylesheet has no DOCTYPE: entities are written out")
        return None
    for element in root.iter("*"):
        for problem in _problems(element):
            note(element.sourceline, problem)
    try:
        return etree.XSLT(root, access_control=etree.XSLTAccessControl.DENY_ALL, regexp=False)
    except etree.XSLTParseError as error:
        entry = next((each for each in error.error_log if each.line), None)
        note(entry.line if entry else 1, (entry.message if entry else str(error)).rstrip("."))
        return None


def _problems(element: Any) -> list[str]:
    """What an element of a stylesheet says that is not taken."""
    found = []
    if (problem := _REFUSED.get(element.tag)) is not None:
        found.append(problem)
    if element.get("extension-element-prefixes") or element.get(
        f"{_XSL}extension-element-prefixes"
    ):
        found.append("extension elements are not carried out")
    around = element.getparent()
    new = element.nsmap if around is None else {p: u for p, u in element.nsmap.items() if around.nsmap.get(p) != u}  # fmt: skip
    for uri in new.values():
        if uri not in _PURE and _EXTENSIONS.match(uri):
            found.append(
                f"functions of {uri} are not carried out; there is exsl:node-set, str: and set:"
            )
    if element.tag.startswith("{http://exslt.org/"):
        found.append("extension elements are not carried out")
    for name, value in element.attrib.items():
        said = value if name in _PATHS else " ".join(re.findall(r"\{([^{}]*)\}", value))
        for call in _CALLS.findall(_TEXTS.sub("", said)):
            found.append(_SAID.get(call, f"the function {call}() is not carried out"))
    return found


etree.XSLT.set_global_max_depth(DEPTH)
