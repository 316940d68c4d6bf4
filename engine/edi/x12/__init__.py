"""X12 (ANSI ASC X12.5, X12.6) as a dialect; its sets, segments and elements stand beside it as data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from engine.edi.dialect import Dialect
from engine.edi.tokens import Stretch, decoded, stretches

if TYPE_CHECKING:
    from engine.edi.building import Built
    from engine.edi.dictionary import Dictionary
    from engine.edi.document import Document, Segment
    from engine.edi.maps import Guide
    from engine.edi.writer import Writer

_CODE = re.compile(r"[A-Za-z0-9]{1,12}")
_PROCESSING = {"P": "production", "T": "test", "I": "test"}
_ENVELOPE = frozenset(["ISA", "GS", "GE", "IEA", "TA1", "TA3", "ISB", "ISE"])
#: Lengths of the elements of the ISA: it is the one segment of a fixed width.
_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)


def _read(raw: bytes, encoding: str) -> tuple[str, str, Iterable[Stretch]]:
    text, codec = decoded(raw, encoding)
    return text, codec, stretches(text)


def _identify(set_: Segment, group: Segment | None) -> tuple[str, str]:
    """ST01, and ST03 or GS08."""
    version = set_.element(3).strip()
    if not version and group is not None:
        version = group.element(8).strip()
    return set_.element(1).strip(), version


def _kind(document: Document) -> str:
    """Transaction set and version: `837 005010X222A1`; of a file with several kinds the first."""
    parts = [document.header("ST", 1), document.header("GS", 8)]
    if not parts[0]:
        parts = ["TA1" if "TA1" in document.index else "ISA", document.header("ISA", 12)]
    return " ".join([each if _CODE.fullmatch(each) else "?" for each in parts if each])


def _control(document: Document) -> str:
    return document.header("ISA", 13)


def _processing(document: Document) -> str:
    return _PROCESSING.get(document.header("ISA", 15), "")


def _resolve(set_: str, version: str) -> tuple[Guide | None, bool]:
    from engine.edi.maps import resolve  # noqa: PLC0415

    return resolve(set_, version)


def _named(name: str) -> tuple[Guide, str]:
    from engine.edi.maps import named  # noqa: PLC0415

    return named(name)


def _dictionary() -> Dictionary:
    from engine.edi.dictionary import standard  # noqa: PLC0415

    return standard()


def _opening(built: Built, version: str, facts: Any) -> tuple[bytes, Writer]:
    from engine.edi.writer import interchange  # noqa: PLC0415

    return interchange(built, version, facts)


X12 = DIALECT = Dialect(
    name="x12",
    title="X12",
    opens="ISA",
    closes="IEA",
    group="GS",
    group_ends="GE",
    set="ST",
    set_ends="SE",
    envelope=_ENVELOPE,
    written=("ISA", "GS"),
    loop=re.compile(r"\d{4}[A-Z]{0,2}(?![\w.])|HL:[A-Z0-9]{1,2}(?!\w)"),
    example="BEG03",
    numbers=frozenset(["HL", "LX"]),
    fixed={"ISA": (11, 12, 16), "SE": (1,), "GE": (1,), "IEA": (1,)},
    own={"HL": (1, 2, 3, 4), "ST": (1,), "SE": (1, 2), "GE": (1, 2), "IEA": (1, 2)},
    widths=_WIDTHS,
    read=_read,
    identify=_identify,
    resolve=_resolve,
    named=_named,
    dictionary=_dictionary,
    kind=_kind,
    control=_control,
    processing=_processing,
    opening=_opening,
)
