"""No message is refused because a field is odd: every field of the samples deleted, emptied, or filled with what nobody can read."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from engine import mapping
from engine.errors import MessageError
from engine.formats import Reading, hl7v2
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes
from tests.packs.conversion import NOW, ROOT

#: A value to be deleted, nothing, several that are all empty but for noise, too large a number, a date without a time, no date, no number.
ODD = (
    '""',
    "",
    "xyz~^~&",
    "9" * 20,
    "20260102",
    "20261399",
    "-1.50",
    "a&b^c&d^e&f~^^^^^^^^^^^^^",
)
#: How many messages one run tries, by the mapping that takes them.
TRIED = {"hl7v2_to_fhir": 1_000, "hl7v2_to_reportstream": 200}


@cache
def loaded(name: str) -> Any:
    return mapping.load(name, ROOT, Mistakes())


def stopped(text: str, name: str) -> str:
    """Why a message is refused; empty where it becomes a valid Bundle."""
    raw = text.encode()
    facts = Facts(inbound=Inbound(raw=raw, received_at=NOW), context=Context(now=NOW))
    try:
        loaded(name).apply(hl7v2.parse(raw, Reading()), facts)
    except MessageError as error:
        return f"{error.code}: {error}"
    return ""


def changed(text: str) -> Iterator[tuple[str, str]]:
    """Each field of a message in each odd way, and what was done."""
    segments = [each for each in text.replace("\n", "\r").split("\r") if each]
    for at, segment in enumerate(segments):
        fields = segment.split("|")
        first = 2 if fields[0] == "MSH" else 1
        for number in range(first, len(fields)):
            place = f"{fields[0]}-{number + (first == 2)}"
            if place in ("MSH-9", "MSH-12", "MSH-18"):
                continue
            for odd in ODD if fields[number] else ("xyz",):
                other = "|".join([*fields[:number], odd, *fields[number + 1 :]])
                yield f"{place} {odd}", "\r".join([*segments[:at], other, *segments[at + 1 :]])


def samples(name: str) -> dict[str, str]:
    """The samples that become a Bundle as they are."""
    found = {
        path.stem: path.read_text("utf-8")
        for path in sorted((ROOT / "samples/hl7v2").glob("*.hl7"))
    }
    return {
        stem: text
        for stem, text in found.items()
        if text.startswith("MSH|^~\\&") and not stopped(text, name)
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", TRIED)
def test_no_message_is_refused_because_a_field_is_odd(name: str) -> None:
    chosen = random.Random(1)
    every = [(stem, *each) for stem, text in samples(name).items() for each in changed(text)]
    why = {
        (stem, what): said
        for stem, what, text in chosen.sample(every, TRIED[name])
        if (said := stopped(text, name))
    }
    assert why == {}
