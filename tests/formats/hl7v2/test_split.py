"""`split:` of a channel: parts that are whole messages."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.channel.home import load_all
from engine.errors import MessageError
from engine.formats import Reading
from engine.formats.hl7v2 import acknowledge, envelope, parse, split, splits, splitting
from engine.message import Context, Inbound, Receipt, Verdict
from engine.pipeline import plan

READING = Reading()
HEAD = "MSH|^~\\&|LAB|A|B|C|20261121||{}|R1|P|2.5.1\r"
ORU = HEAD.format("ORU^R01^ORU_R01") + (
    "PID|1||10\rPV1|1|O\rORC|RE\rOBR|1|||a\rNTE|1||x\rOBX|1|NM|x||1\rOBX|2|NM|x||1\rNTE|1||s\rZDS|1\r"
    "OBR|2|||b\rOBX|4|NM|z||3\rDSC|1\r"
)
DFT = HEAD.format("DFT^P03^DFT_P03") + (
    "EVN|P03\rPID|1\rFT1|1\rZFT|1\rPR1|1\rFT1|2\rPR1|2\rPR1|3\rDG1|1\rDG1|2\rIN1|1\rIN2|1\rIN1|2\r"
)


def words(text: str) -> list[str]:
    return text.split()


def cut(raw: str | bytes, by: str, **reading: str) -> list[list[str]]:
    """Name and first field of the segments of each part, behind its header."""
    found = []
    for part in split(raw.encode() if isinstance(raw, str) else raw, Reading(**reading), by):
        document = parse(part, Reading(**reading))
        assert document.control() == "R1"
        found.append([one.line[:5] for one in document.segments[1:]])
    return found


def test_one_order_a_part() -> None:
    assert cut(ORU, "OBR") == [
        words("PID|1 PV1|1 ORC|R OBR|1 NTE|1 OBX|1 OBX|2 NTE|1 ZDS|1 DSC|1"),
        words("PID|1 PV1|1 OBR|2 OBX|4 DSC|1"),
    ]


def test_a_group_inside_a_group_leaves_the_other_groups_around_it() -> None:
    assert cut(ORU, "OBX") == [
        words("PID|1 PV1|1 ORC|R OBR|1 NTE|1 OBX|1 DSC|1"),
        words("PID|1 PV1|1 ORC|R OBR|1 NTE|1 OBX|2 NTE|1 ZDS|1 DSC|1"),
        words("PID|1 PV1|1 OBR|2 OBX|4 DSC|1"),
    ]


def test_what_stands_around_stays() -> None:
    around, behind = ["EVN|P", "PID|1"], ["DG1|1", "DG1|2", "IN1|1", "IN2|1", "IN1|2"]
    assert cut(DFT, "FT1") == [
        [*around, "FT1|1", "ZFT|1", "PR1|1", *behind],
        [*around, "FT1|2", "PR1|2", "PR1|3", *behind],
    ]
    charges = ["FT1|1", "ZFT|1", "PR1|1", "FT1|2", "PR1|2", "PR1|3"]
    assert cut(DFT, "IN1") == [
        [*around, *charges, "DG1|1", "DG1|2", "IN1|1", "IN2|1"],
        [*around, *charges, "DG1|1", "DG1|2", "IN1|2"],
    ]


def test_segments_without_a_group_and_local_ones() -> None:
    assert [part[-4] for part in cut(DFT, "DG1")] == ["DG1|1", "DG1|2"]
    raw = HEAD.format("ADT^A08") + "PID|1\rZAA|1\rZBB|1\rZAA|2\r"
    assert cut(raw, "ZAA") == [["PID|1", "ZAA|1", "ZBB|1"], ["PID|1", "ZAA|2"]]
    raw = HEAD.format("ZZZ^Z01") + "PID|1\rOBR|1\rOBX|1\rOBR|2\rOBX|2\r"
    assert cut(raw, "OBR") == [["PID|1", "OBR|1", "OBX|1"], ["PID|1", "OBR|2", "OBX|2"]]


def test_several_patients() -> None:
    raw = HEAD.format("ORU^R01") + "PID|1\rOBR|1\rOBR|2\rPID|2\rOBR|3\rOBX|1\r"
    assert cut(raw, "OBR") == [
        ["PID|1", "OBR|1"],
        ["PID|1", "OBR|2"],
        ["PID|2", "OBR|3", "OBX|1"],
    ]
    assert cut(raw, "PID") == [["PID|1", "OBR|1", "OBR|2"], ["PID|2", "OBR|3", "OBX|1"]]


def test_what_stands_inside_another_one_belongs_to_it() -> None:
    prior = "ORC|1\rOBR|1\rPID|9\rORC|9\rOBR|9\rOBX|9\r"
    raw = (HEAD.format("OML^O21^OML_O21") + "PID|1\r" + prior).encode()
    assert list(split(raw, READING, "OBR")) == [raw]
    assert list(split(raw, READING, "ORC")) == [raw]


@pytest.mark.parametrize("by", ["FT1", "ORC", "PID", "message"])
def test_a_message_with_none_or_one_is_its_own_part(by: str) -> None:
    raw = ORU.replace("\r", "\r\n", 2).encode()
    assert list(split(raw, READING, by)) == [raw]


BATCH = (
    "FHS|^~\\&|X\rBHS|^~\\&|X\r"
    + ORU
    + "MSH#bad\r"
    + DFT.replace("|R1|", "|R1|")
    + "BTS|3\rFTS|1\r"
).encode()


def test_messages_of_a_batch() -> None:
    bad = b"MSH#bad\r"
    assert list(split(BATCH, READING, "message")) == [ORU.encode(), bad, DFT.encode()]
    parts = list(split(BATCH, READING, "OBR"))
    assert [part[:3] for part in parts] == [b"MSH"] * 4
    assert parts[2:] == [bad, DFT.encode()]
    assert list(split((ORU + DFT).encode(), READING, "message")) == [ORU.encode(), DFT.encode()]


def test_what_is_no_message() -> None:
    with pytest.raises(MessageError):
        list(split(b"nothing", READING, "OBR"))


def test_orders_of_one_message_are_no_duplicates_of_each_other(tmp_path: Path) -> None:
    (tmp_path / "channels").mkdir()
    (tmp_path / "config.yaml").write_text("environment: production\n")
    (tmp_path / "channels" / "orders.yaml").write_text(
        "description: One order a message.\nowner: lab\nsource: {mllp: {port: 2575}}\nformat: hl7v2\n"
        'split: OBR\ndestinations:\n  out: {file: {folder: out, name: "{MSH-10}-{OBR-1}.hl7"}}\n'
    )
    channel = load_all(tmp_path).channels["orders"]

    def keys(raw: bytes) -> list[str | None]:
        planned = plan(channel, Inbound(raw=raw, received_at=0.0), Context(now=0.0, id=1))
        assert [part.verdict for part in planned.parts] == [Verdict.ACCEPTED] * len(
            planned.parts
        )
        return [part.unique for part in planned.parts]

    own = "LAB\x1fA\x1fR1"
    assert keys(ORU.encode()) == [f"{own}\x1f1", f"{own}\x1f2"]
    assert keys(ORU.partition("OBR|2")[0].encode()) == [own]
    batch = (ORU.partition("OBR|2")[0] + DFT.replace("|R1|", "|R2|")).encode()
    assert keys(batch) == [own, own.replace("R1", "R2")]


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        ("", "utf-8"),
        ("iso8859-1", "iso8859-1"),
        ("utf-16", "utf-16"),
        ("shift_jis", "shift_jis"),
    ],
)
def test_character_sets(encoding: str, codec: str) -> None:
    name = "山田" if codec == "shift_jis" else "MÜLLER"
    raw = ORU.replace("PID|1||10", f"PID|1||10||{name}").encode(codec)
    parts = list(split(raw, Reading(encoding=encoding), "OBR"))
    assert len(parts) == 2
    for part in parts:
        assert f"||{name}\r" in parse(part, Reading(encoding=encoding)).decoded.text


def test_unreadable_bytes_stay_as_they_are() -> None:
    raw = ORU.encode().replace(b"||10\r", b"||10||\xff\xfe\r")
    for part in split(raw, Reading(unmappable="replace"), "OBR"):
        assert b"||10||\xff\xfe\r" in part


@pytest.mark.parametrize(
    ("by", "wrong"),
    [
        ("message", ""),
        ("OBR", ""),
        ("ZDS", ""),
        ("obr", "'obr' is no segment; did you mean 'OBR'?"),
        ("messages", "'messages' is no segment; did you mean 'message'?"),
        ("MSH", "MSH opens no group; 'message' takes a batch apart"),
        ("BTS", "BTS opens no group; 'message' takes a batch apart"),
        ("lines[*]", "'lines[*]' is no segment; it is 'message', or a segment: split: OBR"),
        ("", "'' is no segment; it is 'message', or a segment: split: OBR"),
    ],
)
def test_what_can_be_said(by: str, wrong: str) -> None:
    assert splits(by) == wrong


def test_the_parts_of_a_large_message_take_time_in_proportion() -> None:
    def spent(count: int) -> float:
        orders = "".join(f"OBR|{at}\rOBX|1|NM|x||{at}\rNTE|1\r" for at in range(count))
        raw = (HEAD.format("ORU^R01") + "PID|1\r" + orders).encode()
        began = time.process_time()
        assert sum(1 for _ in split(raw, READING, "NTE")) == count
        return time.process_time() - began

    spent(100)
    assert spent(4000) < 60 * max(spent(400), 0.005)


def test_parts_that_come_to_too_much(monkeypatch: Any) -> None:
    monkeypatch.setattr(splitting, "MOST", 100)
    raw = (
        HEAD.format("ORU^R01") + "PID|1\rNTE|" + "x" * 300 + "\rOBR|1\rOBR|2\rOBR|3\r"
    ).encode()
    parts = split(raw, READING, "OBR")
    next(parts)
    with pytest.raises(MessageError) as caught:
        list(parts)
    assert caught.value.code == "too_large"


_NAMES = st.lists(
    st.sampled_from(words("PID PV1 ORC OBR NTE OBX ZDS FT1 PR1 DG1 IN1 NK1 XXX")), max_size=25
)


@settings(deadline=None, max_examples=150)
@given(
    _NAMES,
    st.sampled_from(words("OBR OBX FT1 NTE ZDS PID DG1 ORC")),
    st.sampled_from(["ORU^R01", "DFT^P03", "ADT^A01", "ZZZ^Z01"]),
)
def test_each_is_in_one_part_and_in_the_order_of_the_message(
    names: Sequence[str], by: str, kind: str
) -> None:
    lines = [f"{name}|{at}" for at, name in enumerate(names)]
    raw = (HEAD.format(kind) + "".join(f"{line}\r" for line in lines)).encode()
    found = [part.decode().split("\r")[1:-1] for part in split(raw, READING, by)]
    for part in found:
        assert part == [line for line in lines if line in part]
    every = [line for line in lines if line.startswith(by)]
    met = [line for part in found for line in part if line.startswith(by)]
    assert met == every
    assert found


GOOD = Receipt(id=0, verdict=Verdict.ACCEPTED)
BAD = Receipt(
    id=0, verdict=Verdict.QUARANTINED, reason="missing_field", detail="OBR-4: this is required"
)


@pytest.mark.parametrize(
    ("receipts", "code", "error"),
    [((GOOD, GOOD), "AA", 0), ((GOOD, BAD), "AE", 1), ((), "AA", 0)],
)
def test_a_message_that_was_taken_apart_is_answered_once(
    receipts: tuple[Receipt, ...], code: str, error: int
) -> None:
    receipt = Receipt(id=7, verdict=Verdict.SPLIT, parts=receipts)
    answer = parse(acknowledge(ORU.encode(), receipt, READING, 0.0), READING)
    assert [one.fields[1:3] for one in answer.find("MSA")] == [[code, "R1"]]
    assert answer.control() == "A7"
    assert [one.fields[2] for one in answer.find("ERR")] == ["OBR^1^4"] * error


def test_a_batch_whose_messages_were_taken_apart_is_answered_for_each_message() -> None:
    raw = ("BHS|^~\\&|X\r" + ORU + DFT + "BTS|2\r").encode()
    for receipts, code in (((GOOD,) * 3, b"MSA|AA|R1"), ((GOOD, GOOD, BAD), b"MSA|AE|R1")):
        receipt = Receipt(id=7, verdict=Verdict.SPLIT, parts=receipts)
        assert acknowledge(raw, receipt, READING, 0.0).count(code) == 2
        assert acknowledge(envelope(raw), receipt, READING, 0.0).count(code) == 2
