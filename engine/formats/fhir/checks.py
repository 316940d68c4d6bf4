"""
`validate:` of a channel that reads FHIR.

    structure        elements, how often, of which type, required codes (the usual one)
    invariants       the rules that R4 states in FHIRPath as well
    R4B, R5, STU3    the structure of another release
    {profile: us-core-patient, package: us_core}    profiles as well, of the folder mappings/profiles/us_core
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from engine import findings as found
from engine.fhir import checking
from engine.fhir.checking import Profiled
from engine.findings import Finding
from engine.formats.fhir.document import Document
from engine.hints import meant
from engine.placed import Items, Mistakes, Node, Record, Scalar

levels = checking.LEVELS
usual_level = "structure"

#: Where the packages of a home are.
FOLDER = "mappings/profiles"
_KEYS = ("profile", "package")
_WRITE = "validate: {profile: us-core-patient, package: us_core}"


class Level(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Profiles, and the files that they are made of."""

    profiled: Profiled
    files: tuple[tuple[str, bytes], ...]


class OfParts(msgspec.Struct, frozen=True, kw_only=True):
    """A level that is asked of the parts of a Bundle."""

    level: Any

    @property
    def files(self) -> tuple[tuple[str, bytes], ...]:
        """What the level is made of."""
        return getattr(self.level, "files", ())


def of_parts(level: Any) -> Any:
    """The level where `split:` takes Bundles apart: what a reference leads to may stand in another part."""
    return OfParts(level=level) if level else level


def findings(document: Document, level: Any) -> Iterator[Finding]:
    """What is wrong: the FHIRPath of the element and the rule."""
    apart = isinstance(level, OfParts)
    asked = level.level if apart else level
    asked = asked.profiled if isinstance(asked, Level) else asked
    return checking.check(document.value, asked, apart)


def validate(document: Document, level: Any) -> None:
    """MessageError `invalid` with all that is wrong; quick where all is well."""
    asked = level.level if isinstance(level, OfParts) else level
    if asked == "structure" and checking.valid(document.value):
        return
    found.refuse(findings(document, level))


def level(node: Node, home: Path, mistakes: Mistakes) -> Level | None:
    """`validate: {profile: NAME, package: FOLDER}`, compiled; None where mistakes were noted."""
    if not isinstance(node, Record) or not node.entries:
        mistakes.add(node, "'validate' names a level, or profiles and their package", _WRITE)
        return None
    for key in node.entries:
        if key not in _KEYS:
            problem = f"'validate' has no '{key}' here{meant(key, _KEYS)}"
            mistakes.add(node.keys[key], problem, _WRITE)
            return None
    folder = _folder(node, home, mistakes)
    names = [text for item in _listed(node.entries.get("profile")) if (text := _text(item))]
    if folder is None:
        return None
    at = node.entries.get("profile") or node
    try:
        made = checking.profiled(folder, tuple(names))
    except (LookupError, ValueError, OSError) as error:
        mistakes.add(at, str(error.args[0] if error.args else error))
        return None
    paths = sorted(folder.glob("*.json"))
    files = tuple((str(path.relative_to(home)), path.read_bytes()) for path in paths)
    return Level(profiled=made, files=files)


def _folder(node: Record, home: Path, mistakes: Mistakes) -> Path | None:
    """The folder of a package: one below FOLDER, or that itself."""
    at = node.entries.get("package")
    if at is None:
        return home / FOLDER
    name = _text(at)
    known = sorted(path.name for path in (home / FOLDER).glob("*") if path.is_dir())
    if name not in known:
        near = meant(name, known) or f"; it would be the folder {FOLDER}/{name or 'us_core'}"
        mistakes.add(at, f"there is no package '{name}'{near}")
        return None
    return home / FOLDER / name


def _listed(node: Node | None) -> tuple[Node, ...]:
    if node is None:
        return ()
    return node.items if isinstance(node, Items) else (node,)


def _text(node: Node) -> str:
    return node.text if isinstance(node, Scalar) else ""
