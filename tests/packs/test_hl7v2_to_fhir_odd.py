"""No message is refused because a field is odd: every field of the samples deleted, emptied, or filled with what nobody can read."""

from __future__ import annotations

import json
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
from tests.packs.conversion import NOW, ROOT, converted

#: A value to be deleted, nothing, blanks, several that are all empty but for noise, too large a number, dates without a time however they are written,
#: the end of time, no date, no number.
ODD = (
    '""',
    "",
    " ",
    " ^ ^ ^ ",
    "2023-08-16",
    "2023-08-16T10:00:00Z",
    "20230816+0100",
    "202308-0500",
    "99991231235959",
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


#: Where a time is needed, or is counted from: what stands before the date, and what behind it, in a message that is otherwise right.
TIMES = {
    "MSH-7": ("MSH|^~\\&|A|B|C|D|", "||ADT^A01^ADT_A01|1|P|2.5.1\rEVN|A01\rPID|1||7\rPV1|1|I"),
    "EVN-2": ("MSH|^~\\&|A|B|C|D|20261121||ADT^A01^ADT_A01|1|P|2.5.1\rEVN|A01|", "\rPID|1||7\rPV1|1|I"),
    "PID-33": ("MSH|^~\\&|A|B|C|D|20261121||ADT^A01^ADT_A01|1|P|2.5.1\rEVN|A01\rPID|1||7" + "|" * 30, "|REG\rPV1|1|I"),
    "ORC-9": ("MSH|^~\\&|A|B|C|D|20261121||OML^O21^OML_O21|1|P|2.5.1\rPID|1||7\rORC|NW|1|||||||", "|5^Doc\rOBR|1|1||GLU"),
    "OBR-22": ("MSH|^~\\&|A|B|C|D|20261121||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||7\rOBR|1|1||GLU" + "|" * 18, "\rOBX|1|NM|GLU||5||||||F"),
    "TQ1-7": ("MSH|^~\\&|A|B|C|D|20261121||OML^O21^OML_O21|1|P|2.5.1\rPID|1||7\rORC|NW|1\rTQ1|1|||||5^d|", "\rOBR|1|1||GLU"),
    "AIS-4": ("MSH|^~\\&|A|B|C|D|20261121||SIU^S12^SIU_S12|1|P|2.5.1\rSCH|1|||||R\rPID|1||7\rRGS|1\rAIS|1||MRI|", "|15|MIN|30|MIN\rAIP|1||5^Doc||||15|MIN|30|MIN"),
    "SCH-11": ("MSH|^~\\&|A|B|C|D|20261121||SIU^S12^SIU_S12|1|P|2.5.1\rSCH|1|||||R|||30|MIN|^^^", "\rPID|1||7\rRGS|1\rAIS|1||MRI||15|MIN|30|MIN"),
    "TXA-8": ("MSH|^~\\&|A|B|C|D|20261121||MDM^T02^MDM_T02|1|P|2.5.1\rEVN|T02\rPID|1||7\rPV1|1|I\rTXA|1|HP|TX|||||", "||||D1\rOBX|1|TX|A||b"),
    "PR1-5": ("MSH|^~\\&|A|B|C|D|20261121||ADT^A01^ADT_A01|1|P|2.5.1\rEVN|A01\rPID|1||7\rPV1|1|I\rPR1|1||1.2||", "||45"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("place", TIMES)
def test_a_date_without_a_time_refuses_no_message(place: str) -> None:
    before, behind = TIMES[place]
    odd = ("2023-08-16", "2023-08-16+01:00", "20230816-0500", "202308-0500", "2023", "2023-08-16 ", "99991231235959", "16.08.2023")  # fmt: skip
    why = {each: stopped(f"{before}{each}{behind}\r", "hl7v2_to_fhir") for each in odd}
    assert not any(why.values()), why


@pytest.mark.slow
@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2023-08-16T10:00:00Z", "2023-08-16T10:00:00Z"),
        ("202308161000-0500", "2023-08-16T10:00:00-05:00"),
        ("2023-08-16", None),
        ("20230816", None),
    ],
)
def test_a_time_that_iso_8601_writes_is_a_time(written: str, moment: str | None) -> None:
    raw = (
        f"MSH|^~\\&|A|B|C|D|{written}||ADT^A01^ADT_A01|1|P|2.5.1\rEVN|A01\rPID|1||7\rPV1|1|I\r"
    )
    (made,) = converted("hl7v2_to_fhir", raw.encode())
    assert json.loads(made).get("timestamp") == moment


@pytest.mark.slow
def test_a_blank_note_refuses_no_result_and_is_no_note() -> None:
    head = "MSH|^~\\&|A|B|C|D|20261121||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||7\r"
    raw = head + "OBR|1|1||GLU\rOBX|1|NM|GLU||5||||||F\rNTE|1|| \rNTE|2||fasting\r"
    (made,) = converted("hl7v2_to_fhir", raw.encode())
    found = [each["resource"] for each in json.loads(made)["entry"]]
    (measured,) = [each for each in found if each["resourceType"] == "Observation"]
    assert measured["note"] == [{"text": "fasting"}]


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
