"""Acknowledgements: the right code, to the right party, in its version, delimiters and character set."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.formats import Reading, load, names
from engine.formats.hl7v2 import acknowledge, parse, refuse
from engine.http.answers import not_kept, told
from engine.message import Receipt, Reply, Verdict

NOW = 1_800_000_000.0
RAW = "MSH|^~\\&|POU^1.2^ISO|OR|ENG|HOSP|2026||DFT^P03^DFT_P03|C-1|P^T|2.5.1\rPID|1||777\r"


def asked(accept: str, application: str) -> bytes:
    return RAW.replace("2.5.1\r", f"2.5.1|||{accept}|{application}\r").encode()


def receipt(verdict: Verdict = Verdict.ACCEPTED, reason: str = "", detail: str = "") -> Receipt:
    return Receipt(id=42, verdict=verdict, reason=reason, detail=detail)


def answer(raw: str | bytes, made: Receipt | None = None, **reading: str) -> list[str]:
    raw = raw.encode() if isinstance(raw, str) else raw
    return acknowledge(raw, made or receipt(), Reading(**reading), NOW).decode().split("\r")


def test_the_whole_of_a_good_one() -> None:
    assert answer(RAW) == [
        "MSH|^~\\&|ENG|HOSP|POU^1.2^ISO|OR|20270115080000+0000||ACK^P03^ACK|A42|P^T|2.5.1",
        "MSA|AA|C-1",
        "",
    ]


@pytest.mark.parametrize(
    ("verdict", "reason", "code"),
    [
        (Verdict.ACCEPTED, "", "AA"),
        (Verdict.FILTERED, "not_accepted", "AA"),
        (Verdict.COLLECTED, "", "AA"),
        (Verdict.DUPLICATE, "accepted", "AA"),
        (Verdict.DUPLICATE, "filtered", "AA"),
        (Verdict.QUARANTINED, "missing", "AE"),
        (Verdict.QUARANTINED, "rejected", "AE"),
        (Verdict.QUARANTINED, "engine_error", "AE"),
        (Verdict.QUARANTINED, "key_reused", "AE"),
        (Verdict.QUARANTINED, "something_new", "AE"),
        (Verdict.QUARANTINED, "wrong_processing_id", "AR"),
        (Verdict.QUARANTINED, "unsupported_version", "AR"),
        (Verdict.QUARANTINED, "unreadable", "AR"),
    ],
)
def test_the_code_of_each_verdict(verdict: Verdict, reason: str, code: str) -> None:
    assert answer(RAW, receipt(verdict, reason))[1].split("|")[1:3] == [code, "C-1"]


@pytest.mark.parametrize(
    ("version", "kind", "msa", "err"),
    [
        ("2.1", "ACK", "|PID-3.1: x", "ERR|PID^1^3^101&Required field missing&HL70357"),
        ("2.3", "ACK^P03", "|PID-3.1: x", "ERR|PID^1^3^101&Required field missing&HL70357"),
        ("2.4", "ACK^P03^ACK", "|PID-3.1: x", "ERR|PID^1^3^101&Required field missing&HL70357"),
        (
            "2.5",
            "ACK^P03^ACK",
            "",
            "ERR||PID^1^3^^1|101^Required field missing^HL70357|E|missing^^L|||PID-3.1: x",
        ),
        (
            "2.8.2",
            "ACK^P03^ACK",
            "",
            "ERR||PID^1^3^^1|101^Required field missing^HL70357|E|missing^^L|||PID-3.1: x",
        ),
        (
            "2.5.1^USA",
            "ACK^P03^ACK",
            "",
            "ERR||PID^1^3^^1|101^Required field missing^HL70357|E|missing^^L|||PID-3.1: x",
        ),
    ],
)
def test_the_shape_of_the_senders_version(version: str, kind: str, msa: str, err: str) -> None:
    made = receipt(Verdict.QUARANTINED, "missing", "PID-3.1: x")
    lines = answer(RAW.replace("2.5.1", version), made)
    assert lines[0].split("|")[8] == kind
    assert lines[0].split("|")[11] == version
    assert lines[1:3] == [f"MSA|AE|C-1{msa}", err]


@pytest.mark.parametrize(
    ("detail", "place"),
    [
        ("OBX[2]-5(3).1.2: a rule", "OBX^2^5^3^1^2"),
        ('PID-3[.5 == "MR"].1: a rule', "PID^1^3^^1"),
        ("EVN: a rule", "EVN^1"),
        ("item.code: FT1-7.1 in FT1 number 2: a rule", "FT1^1^7^^1"),
        ("a rule that names no place", ""),
    ],
)
def test_where_it_failed(detail: str, place: str) -> None:
    err = answer(RAW, receipt(Verdict.QUARANTINED, "missing", detail))[2]
    assert err.split("|")[2] == place


def test_a_detail_cannot_break_out_of_its_field() -> None:
    lines = answer(RAW, receipt(Verdict.QUARANTINED, "x|y", "a\rMSA|AA|b ^~"))
    assert [line[:3] for line in lines] == ["MSH", "MSA", "ERR", ""]
    assert lines[2].endswith("|x\\F\\y^^L|||a MSA\\F\\AA\\F\\b \\S\\\\R\\")


#: MSH-15, MSH-16, what a good and what a bad message gets: enhanced mode, and by message.
CONDITIONS = [
    ("AL", "AL", "CA", "CE"),
    ("AL", "NE", "CA", "CE"),
    ("AL", "", "CA", "CE"),
    ("NE", "NE", "", ""),
    ("NE", "", "", ""),
    ("NE", "AL", "AA", "AE"),
    ("", "AL", "AA", "AE"),
    ("", "NE", "", ""),
    ("ER", "NE", "", "CE"),
    ("ER", "AL", "AA", "CE"),
    ("SU", "NE", "CA", ""),
    ("SU", "ER", "CA", "AE"),
    ("NE", "SU", "AA", ""),
    ("al", "ne", "CA", "CE"),
]


@pytest.mark.parametrize("mode", ["enhanced", "by_message"])
@pytest.mark.parametrize(("accept", "application", "good", "bad"), CONDITIONS)
def test_enhanced_mode_answers_as_asked(
    mode: str, accept: str, application: str, good: str, bad: str
) -> None:
    raw, wrong = asked(accept, application), receipt(Verdict.QUARANTINED, "missing")
    for made, code in ((receipt(), good), (wrong, bad)):
        lines = answer(raw, made, mode=mode)
        assert (lines[1].split("|")[1] if lines != [""] else "") == code


def test_modes_where_the_message_says_nothing() -> None:
    assert answer(RAW, mode="enhanced")[1] == "MSA|CA|C-1"
    assert answer(RAW, mode="by_message")[1] == "MSA|AA|C-1"
    assert answer(asked("AL", "AL"))[1] == "MSA|AA|C-1"
    rejected = receipt(Verdict.QUARANTINED, "wrong_processing_id")
    assert answer(RAW, rejected, mode="enhanced")[1].startswith("MSA|CR|")


def test_an_acknowledgement_is_not_acknowledged_unless_it_asks() -> None:
    ack = RAW.replace("DFT^P03^DFT_P03", "ACK^P03^ACK")
    assert answer(ack) == [""]
    assert answer(ack.replace("2.5.1\r", "2.5.1|||AL\r"))[1] == "MSA|CA|C-1"


@pytest.mark.parametrize("marks", ["#:*!%", "|^~\\&#", "|^", "|"])
def test_in_the_senders_delimiters(marks: str) -> None:
    f, c = marks[0], (marks + "^")[1] if len(marks) > 1 else "^"
    raw = (
        RAW.replace("|^~\\&|", f"\0{marks[1:]}\0")
        .replace("|", f)
        .replace("\0", f)
        .replace("^", c)
    )
    made = acknowledge(
        raw.encode(), receipt(Verdict.QUARANTINED, "missing", "PID-3: x"), Reading(), NOW
    )
    document = parse(made, Reading())
    assert document.header(9, 2) == "P03"
    assert document.header(3) == "ENG"
    assert document.find("MSA")[0].fields[1:3] == ["AE", "C-1"]
    assert document.find("ERR")[0].fields[3].split(document.marks.component)[0] == "101"


@pytest.mark.parametrize(
    ("said", "codec"),
    [("8859/1", "latin-1"), ("UNICODE UTF-8", "utf-8"), ("ISO IR13", "shift_jis")],
)
def test_in_the_senders_character_set(said: str, codec: str) -> None:
    name = "ﾔﾏ" if codec == "shift_jis" else "Zürich"
    raw = (
        RAW.replace("|OR|", f"|{name}|")
        .replace("2.5.1\r", f"2.5.1||||||{said}\r")
        .encode(codec)
    )
    made = acknowledge(raw, receipt(), Reading(), NOW).decode(codec).split("\r")
    assert made[0].split("|")[5] == name
    assert made[0].split("|")[17] == said


def test_bytes_of_the_header_that_cannot_be_read_go_back_as_they_came() -> None:
    raw = RAW.replace("|OR|", "|Zürich|").encode("latin-1")
    assert b"|Z\xfcrich|" in acknowledge(raw, receipt(), Reading(), NOW)


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe\x00", b"PID|1", b"MSH", b"MSHabc", b"ISA*00*", b"\x00" * 20]
)
def test_unreadable_bytes_get_a_well_formed_answer(raw: bytes) -> None:
    made = receipt(Verdict.QUARANTINED, "unreadable", "MSH: an HL7 v2 message begins with MSH")
    lines = acknowledge(raw, made, Reading(), NOW).decode().split("\r")
    assert lines[0] == "MSH|^~\\&|||||20270115080000+0000||ACK|A42|P|2.5.1"
    assert lines[1].startswith("MSA|AR")
    assert lines[2].startswith("ERR||MSH^1|100^")


def test_nothing_was_kept() -> None:
    lines = refuse(RAW.encode(), Reading(), NOW, "the queue is full").decode().split("\r")
    assert lines[1] == "MSA|AR|C-1"
    assert lines[2].startswith("ERR|||207^Application internal error^HL70357|E|")
    assert "the queue is full; nothing was kept; send the message again" in lines[2]
    enhanced = refuse(asked("AL", "NE"), Reading(mode="by_message"), NOW, "").decode()
    assert "MSA|CR|C-1" in enhanced
    assert refuse(asked("NE", "NE"), Reading(mode="by_message"), NOW, "") == b""


@given(st.binary(max_size=200), st.sampled_from(["original", "enhanced", "by_message"]))
def test_any_bytes_get_an_answer_that_can_be_read(tail: bytes, mode: str) -> None:
    made: Any = receipt(Verdict.QUARANTINED, "unreadable", "MSH: x")
    reading = Reading(mode=mode)
    for raw in (tail, b"MSH|^~\\&|" + tail):
        refuse(raw, reading, NOW, "full")
        if found := acknowledge(raw, made, reading, NOW):
            document = parse(found, Reading(unmappable="replace"))
            assert [one.name for one in document.segments][:2] == ["MSH", "MSA"]


@pytest.mark.parametrize(
    ("reason", "code", "outcome"),
    [
        ("missing_field", "101^Required field missing", "AE"),
        ("bad_value", "102^Data type error", "AE"),
        ("unmapped_code", "103^Table value not found", "AE"),
        ("wrong_processing_id", "202^Unsupported processing ID", "AR"),
        ("something_else", "207^Application internal error", "AE"),
    ],
)
def test_the_error_code_says_what_went_wrong(reason: str, code: str, outcome: str) -> None:
    lines = answer(RAW, receipt(Verdict.QUARANTINED, reason, "FT1-7.1: rule"))
    assert lines[1].startswith(f"MSA|{outcome}|")
    assert lines[2] == f"ERR||FT1^1^7^^1|{code}^HL70357|E|{reason}^^L|||FT1-7.1: rule"


# -- after the commit there is no second chance -----------------------------------------------------------

_PIECES = st.sampled_from(
    [
        *(b"MSH", b"FHS", b"BHS", b"BTS", b"FTS", b"|", b"^~\\&", b"\r", b"\n", b"\0", b'""', b"~", b"^", b"&"),
        *(b"2.5.1", b"2." + b"9" * 5000, b"ACK", b"AL", b"NE", b"UNICODE UTF-8", b"ISO IR87", b"\x1b$B", b"\xff"),
        *(b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", RAW.encode(), RAW[:60].encode(), b"||||||UNICODE UTF-16"),
    ]
)  # fmt: skip
_RAWS = st.one_of(
    st.binary(max_size=60),
    st.lists(st.one_of(_PIECES, st.binary(max_size=4)), max_size=20).map(b"".join),
    st.lists(_PIECES, max_size=12).map(
        lambda pieces: b"".join(pieces).decode("latin-1").encode("utf-16")
    ),
)
_TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(["missing", "quarantined", "PID[2]-3(4).5.6: x", "FT1[99999999999]: x"]),
)
_ENCODINGS = st.sampled_from(
    ["", "utf-8", "latin-1", "cp1252", "utf-16", "utf-16-be", "utf-32", "ascii", "gb18030", "no such"]
)  # fmt: skip


def receipts(parts: st.SearchStrategy[tuple[Receipt, ...]]) -> st.SearchStrategy[Receipt]:
    return st.builds(
        Receipt,
        id=st.integers(0, 2**62),
        verdict=st.sampled_from(list(Verdict)),
        reason=_TEXTS,
        detail=_TEXTS,
        parts=parts,
    )


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@example(b"MSH\xd8\x00", receipt(), "utf-16", "original", "")
@example(b"FHS\0\0\0\0", receipt(Verdict.SPLIT), "utf-16", "original", "")
@example(b"\0MSH\r", receipt(), "", "original", "")
@example(RAW.replace("2.5.1", f"2.{'9' * 5000}").encode(), receipt(), "", "original", "")
@given(
    _RAWS,
    receipts(st.lists(receipts(st.just(())), max_size=3).map(tuple)),
    _ENCODINGS,
    st.sampled_from(["original", "enhanced", "by_message"]),
    _TEXTS,
)
def test_any_bytes_and_any_receipt_have_an_answer(
    raw: bytes, made: Receipt, encoding: str, mode: str, why: str
) -> None:
    reading = Reading(encoding=encoding, mode=mode)
    for format_ in map(load, names()):
        body = format_.acknowledge(raw, made, reading, NOW)
        refusal = format_.refuse(raw, reading, NOW, why)
        assert isinstance(body, bytes) and isinstance(refusal, bytes)
        for er7 in (True, False):
            assert told(Reply(body=body, receipt=made), made, er7).render(True, "now")
            assert not_kept(Reply(body=refusal, receipt=None), why, "1", er7).render(
                True, "now"
            )
