"""EDIFACT (ISO 9735, syntax versions 1 to 4) as a dialect; its messages, segments and elements stand beside it as data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from engine.edi.dialect import Dialect
from engine.edi.edifact.tokens import parsed

if TYPE_CHECKING:
    from engine.edi.building import Built
    from engine.edi.dictionary import Dictionary
    from engine.edi.document import Document, Segment
    from engine.edi.maps import Guide
    from engine.edi.writer import Writer

_CODE = re.compile(r"[A-Za-z0-9]{1,8}")
_OWN = {"UNA": (1,), "UNT": (1, 2), "UNE": (1, 2), "UNZ": (1, 2)}


def said(segment: Segment) -> list[str]:
    """What UNH says the message is (UNH02): kind, version, release, agency, association."""
    return [part.strip() for part in segment.element(2).split(segment.marks.component)]


def _identify(set_: Segment, group: Segment | None) -> tuple[str, str]:
    """UNH02-1, and the directory of UNH02-2 and UNH02-3, or that of the group (UNG07)."""
    parts = [*said(set_), "", "", ""]
    version = parts[1] + parts[2]
    if not version and group is not None:
        version = "".join(group.element(7).split(group.marks.component)[:2])
    return parts[0], version


def _kind(document: Document) -> str:
    """Message and directory: `ORDERS D96A`; of a file with several kinds the first."""
    found = document.index.get("UNH")
    if not found:
        return "UNB"
    parts = [each for each in _identify(found[0], None) if each]
    return " ".join([each if _CODE.fullmatch(each) else "?" for each in parts]) or "UNH"


def _control(document: Document) -> str:
    return document.header("UNB", 5)


def _processing(document: Document) -> str:
    if "UNB" not in document.index:
        return ""
    return "test" if document.header("UNB", 11) == "1" else "production"


def _resolve(name: str, version: str) -> tuple[Guide | None, bool]:
    from engine.edi.edifact.sets import resolve  # noqa: PLC0415

    return resolve(name, version)


def _named(name: str) -> tuple[Guide, str]:
    from engine.edi.edifact.sets import named  # noqa: PLC0415

    return named(name)


def _dictionary() -> Dictionary:
    from engine.edi.edifact.words import dictionary  # noqa: PLC0415

    return dictionary()


def _opening(built: Built, version: str, facts: Any) -> tuple[bytes, Writer]:
    from engine.edi.edifact.opening import interchange  # noqa: PLC0415

    return interchange(built, version, facts)


EDIFACT = DIALECT = Dialect(
    name="edifact",
    title="EDIFACT",
    advice="UNA",
    opens="UNB",
    closes="UNZ",
    group="UNG",
    group_ends="UNE",
    set="UNH",
    set_ends="UNT",
    envelope=frozenset(["UNA", "UNB", "UNG", "UNE", "UNZ"]),
    written=("UNB",),
    loop=re.compile(r"SG\d{1,2}(?![A-Za-z0-9_.])"),
    example="BGM02-1",
    numbered=1,
    is_groupless=True,
    has_decimal_marks=True,
    sections=frozenset(["UNS"]),
    fixed=_OWN,
    own=_OWN,
    read=parsed,
    identify=_identify,
    resolve=_resolve,
    named=_named,
    dictionary=_dictionary,
    kind=_kind,
    control=_control,
    processing=_processing,
    opening=_opening,
)
