"""835 files of payers against a flat table that others make of them, cell by cell (edi-835-parser)."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from engine import formats, mapping
from engine.errors import MessageError
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes
from engine.reading import Reading

HOME = Path(__file__).parent / "home"
COLUMNS = (
    "marker", "patient", "code", "modifier", "qualifier", "billed_units", "allowed_units", "transaction_date",
    "charge_amount", "allowed_amount", "paid_amount", "payer", "start_date", "end_date", "adj_0_amount", "adj_0_code",
    "adj_0_group", "adj_1_amount", "adj_1_code", "adj_1_group", "ref_0_qual", "ref_0_value", "rem_0_code", "rem_0_qual",
)  # fmt: skip


def run(fixtures: Path) -> dict[str, tuple[int, int]]:
    """How many cells are equal, and how many files have as many lines."""
    folder = fixtures / "edi-835-parser/tests"
    if not folder.is_dir():
        return {}
    mistakes = Mistakes()
    lines = mapping.load("remittance_lines", HOME, mistakes)
    assert lines is not None, mistakes.found
    good = total = whole = files = 0
    for path in sorted((folder / "test_edi_835_files").iterdir()):
        expected = folder / "output" / f"{path.stem}.csv"
        if not expected.is_file():
            continue
        with expected.open(newline="") as handle:
            theirs = list(csv.DictReader(handle))
        try:
            ours = list(_lines(lines, path.read_bytes()))
        except (
            MessageError
        ):  # a bare transaction set without its interchange is no message here
            ours = []
        files, whole = files + 1, whole + (len(ours) == len(theirs))
        for mine, other in zip(ours, theirs, strict=False):
            cells = [(mine.get(one), other[one]) for one in COLUMNS if one in other]
            total, good = total + len(cells), good + sum(_equal(*cell) for cell in cells)
    return {"lines as many": (whole, files), "cells equal": (good, total)}


def _lines(lines: Any, raw: bytes) -> Iterator[dict[str, Any]]:
    facts = Facts(inbound=Inbound(raw=raw, received_at=0.0), context=Context(now=0.0))
    for product in lines.apply(formats.load("x12").parse(raw, Reading()), facts):
        line = json.loads(product.payload)
        # theirs orders adjustments by their reason's text, and has each in columns of its own
        for name, short in (("adjustments", "adj"), ("references", "ref"), ("remarks", "rem")):
            for at, one in enumerate(line.get(name, ())):
                line |= {f"{short}_{at}_{key}": value for key, value in one.items()}
        yield line


def _equal(mine: Any, theirs: str) -> bool:
    if mine in (None, "") or theirs == "":
        return mine in (None, "") and theirs == ""
    try:
        return Decimal(str(mine)) == Decimal(theirs)
    except InvalidOperation:
        return str(mine).strip().lower() == theirs.lower()  # theirs writes names with capitals
