"""The audit trail as files: JSON lines, exact, and CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Literal

import msgspec

from engine.store.audit import Record

Form = Literal["jsonl", "csv"]


def exported(records: Iterable[Record], form: Form) -> Iterator[str]:
    """The lines of a file, each with its end."""
    if form == "jsonl":
        for record in records:
            yield msgspec.json.encode(record).decode() + "\n"
        return
    yield _row(("id", "time", "who", "action", "what", "reason", "seal"))
    for one in records:
        at = datetime.fromtimestamp(one.at, UTC).isoformat(timespec="milliseconds")
        yield _row((str(one.id), at, one.who, one.action, one.what, one.reason, one.seal))


def _row(cells: Iterable[str]) -> str:
    made = io.StringIO()
    csv.writer(made).writerow([_plain(cell) for cell in cells])
    return made.getvalue()


def _plain(cell: str) -> str:
    """
    What a spreadsheet would take for a formula gets an apostrophe before it.

    >>> _plain("=HYPERLINK(1)"), _plain("billing asked")
    ("'=HYPERLINK(1)", 'billing asked')
    """
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
