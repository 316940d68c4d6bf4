"""CONTRL both ways, and interchanges sealed for a partner (ISO 9735-1, ISO 9735-10)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from messages import GROUPED, ORDER, READING

from engine.edi.partner import ACCEPTED, NOTED, REJECTED, Sealing, Verdicts
from engine.errors import MessageError
from engine.formats import edifact
from engine.formats.edifact.partner import Delimiters, Envelope, Party
from engine.message import Receipt, Verdict

NOW = datetime(2026, 11, 21, 10, 5, tzinfo=UTC)
BROKEN = ORDER.replace(b"PRI+AAA:12,50", b"PRI+AAA:1A")


def receipt(verdict: Verdict, *parts: Verdict, reason: str = "") -> Receipt:
    inner = tuple(Receipt(id=at, verdict=each) for at, each in enumerate(parts, 8))
    return Receipt(id=7, verdict=verdict, reason=reason, parts=inner)


def told(raw: bytes, of: Receipt) -> list[str]:
    """The segments of a CONTRL between UNH and UNT."""
    answer = edifact.acknowledge(raw, of, READING, NOW.timestamp())
    assert not list(edifact.check(edifact.parse(answer, READING), "guide"))
    lines = edifact.parse(answer, READING).segments
    names = [line.name for line in lines]
    return [line.line for line in lines[names.index("UNH") + 1 : names.index("UNT")]]


def test_what_was_taken_in_part_is_never_rejected_whatever_its_envelope() -> None:
    """A sender who hears 4 of the interchange sends all of it again."""
    sealing = Sealing(
        envelope=None, number=lambda name, least: 1, moment=NOW, environment="test"
    )
    for raw in (
        ORDER.replace(b"UNZ+1+REF1", b"UNZ+1+REF9"),
        GROUPED.replace(b"UNE+2+5", b"UNE+2+6"),
    ):
        for outcome, code in ((NOTED, "7"), (REJECTED, "4")):
            verdicts = Verdicts(taken=lambda group, set, outcome=outcome: outcome)
            answer = edifact.acknowledged(raw, READING, verdicts, sealing)
            lines = [one.line for one in edifact.parse(answer, READING).segments]
            said = [one for one in lines if one[:3] in ("UCI", "UCF")][-1]
            assert said.split("+")[4] == code, said


def test_a_contrl_says_what_became_of_interchange_and_messages() -> None:
    uci = "UCI+REF1+5412345000013:14+4012345000009:14"
    order = ORDER.replace(b"UNB+UNOC:3+5412345000013:14+4012345000094", b"UNB+UNOC:3+5412345000013:14+4012345000009")  # fmt: skip
    ucm = "UCM+ME001+ORDERS:D:96A:UN:EAN008"
    assert told(order, receipt(Verdict.ACCEPTED)) == [f"{uci}+7", f"{ucm}+7"]
    broken = order.replace(b"PRI+AAA:12,50", b"PRI+AAA:1A").replace(b"CUX+2:EUR:9'\r\n", b"")
    broken = broken.replace(b"BGM+220+PO4711+9'\r\n", b"")
    assert told(broken, receipt(Verdict.QUARANTINED)) == [
        f"{uci}+7",
        f"{ucm}+4",
        "UCS+1+13",
        "UCS+11",
        "UCD+19+2:2",
        "UCS+18",
        "UCD+29+2",
    ]
    assert told(broken, receipt(Verdict.ACCEPTED)) == [f"{uci}+7", f"{ucm}+7"]
    reused = receipt(Verdict.QUARANTINED, reason="duplicate_interchange")
    assert told(order, reused) == [f"{uci}+4+26"]
    other = order.replace(b"UNZ+1+REF1", b"UNZ+1+REF9")
    assert told(other, receipt(Verdict.QUARANTINED)) == [f"{uci}+4+28+UNZ+3"]
    assert edifact.acknowledge(b"nothing", receipt(Verdict.QUARANTINED), READING, 0.0) == b""
    contrl = edifact.acknowledge(order, receipt(Verdict.ACCEPTED), READING, 0.0)
    assert contrl.startswith(b"UNA:+,? '\r\nUNB+UNOC:3+4012345000009:14+5412345000013:14+")
    assert edifact.acknowledge(contrl, receipt(Verdict.ACCEPTED), READING, 0.0) == b""
    assert edifact.refuse(order, READING, 0.0, "full") == b""


def test_a_contrl_names_groups_and_each_part() -> None:
    parts = receipt(Verdict.SPLIT, Verdict.ACCEPTED, Verdict.QUARANTINED)
    assert told(GROUPED, parts) == [
        "UCI+77+A+B+7",
        "UCF+5+US+THEM+7",
        "UCM+1+INVOIC:D:01B:UN+7",
        "UCM+2+INVOIC:D:01B:UN+4",
    ]
    assert edifact.sets(GROUPED, READING) == [("5", "1"), ("5", "2")]


def sealing(envelope: Envelope | None, first: int = 41) -> Sealing:
    given = iter(range(first, first + 9))
    return Sealing(
        envelope=envelope,
        number=lambda kind, least: next(given),
        moment=NOW,
        environment="test",
    )


def test_blanks_around_a_name_make_no_other_sequence() -> None:
    asked = list[tuple[str, int]]()

    def number(name: str, least: int) -> int:
        asked.append((name, least))
        return len(asked)

    us, them = Party(id="5412345000013", qualifier="14"), Party(id="4012345000094 ")
    said = Envelope(us=us, them=them, first_number=41)
    counted = Sealing(envelope=said, number=number, moment=NOW, environment="test")
    edifact.seal([ORDER], counted)
    came = ORDER.replace(
        b"5412345000013:14+4012345000094", b"4012345000094   :14+ 5412345000013"
    )
    assert came != ORDER
    edifact.acknowledged(came, READING, Verdicts(taken=lambda group, set: ACCEPTED), counted)
    assert asked == [asked[0]] * 2 and asked[0][1] == 41


def test_what_was_built_leaves_in_the_partners_envelope_and_its_contrl_is_understood() -> None:
    envelope = Envelope(
        us=Party(id="5412345000013", qualifier="14"),
        them=Party(id="THEM+X", routing="R"),
        delimiters=Delimiters(decimal=".", release="\\"),
        application="ORDERS",
        agreement="EANCOM",
        acknowledge="CONTRL",
        line_breaks=True,
    )
    sealed = edifact.seal([ORDER, GROUPED.replace(b"*123:TE", b"")], sealing(envelope))
    assert sealed.origins == (0, 1, 1)
    text = sealed.content.decode("iso8859-1")
    assert text.startswith(
        "UNA:+.\\ '\r\nUNB+UNOC:3+5412345000013:14+THEM\\+X::R+261121:1005+41++ORDERS++1+EANCOM+1'"
    )
    assert "PRI+AAA:12.50'" in text and "Gloves 5\\+5 \\: which?'" in text
    assert "UNH+1+ORDERS" in text and "UNH+3+INVOIC" in text and "UNZ+3+41'" in text
    document = edifact.parse(sealed.content, READING)
    assert not list(edifact.check(document, "guide"))
    sent = edifact.sent(sealed.content, READING)
    assert [each.says for each in sent][:2] == ["interchange 41", "ORDERS 1 in interchange 41"]

    def taken(group: str, own: str) -> int:
        return REJECTED if own == "2" else ACCEPTED

    answer = edifact.acknowledged(
        sealed.content, READING, Verdicts(taken=taken), sealing(None, 900)
    )
    assert b"+900" in answer
    answered = edifact.answers(edifact.parse(answer, READING))
    assert [(one.kind, one.outcome) for one in answered] == [
        ("interchange", ACCEPTED),
        ("set", ACCEPTED),
        ("set", REJECTED),
        ("set", ACCEPTED),
        ("group", ACCEPTED),
    ]
    assert [one.value for one in answered[:4]] == [each.value for each in sent]
    assert sent[1].value.startswith(answered[4].value)
    assert edifact.answers(document) == ()


def test_what_the_partner_cannot_read_is_not_sent() -> None:
    us, them = Party(id="US"), Party(id="THEM")
    with pytest.raises(MessageError, match="the partner's character set"):
        edifact.seal([ORDER], sealing(Envelope(us=us, them=them, charset="UNOA")))
    with pytest.raises(MessageError, match="syntax version 4"):
        edifact.seal([GROUPED], sealing(Envelope(us=us, them=them)))
    with pytest.raises(MessageError, match="no message"):
        edifact.seal(
            [b"UNB+UNOC:3+A+B+261121:1130+1'UNZ+0+1'"], sealing(Envelope(us=us, them=them))
        )
    with pytest.raises(ValueError, match="need UNA"):
        Envelope(us=us, them=them, advice=False, delimiters=Delimiters(decimal=","))
    newest = edifact.seal([GROUPED], sealing(Envelope(us=us, them=them, version="4")))
    assert newest.content.startswith(b"UNA:+.?*'UNB+UNOC:4+US+THEM+20261121:1005+41+")
    assert b"EM*123:TE" in newest.content
