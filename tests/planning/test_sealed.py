"""What goes to a partner is sealed in its envelope, numbered once and awaited."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.edi.partner import Sealing
from engine.errors import ConfigError
from engine.formats.x12.partner import Numbering
from engine.message import Receipt, Verdict, short_id
from tests.planning.conftest import CONFIG, INBOX, ORDERS, Line


def order(number: int, item: str = "GLV-7") -> str:
    line = {"quantity": 2, "price": 9.5, "item": item}
    return json.dumps({"number": str(number), "lines": [line]})


def answer(group: int, sets: str, total: str, control: int = 1, ours: str = "GENHOSP") -> str:
    """A 997 from the partner."""
    return (
        f"ISA*00*          *00*          *01*MEDLINE        *ZZ*{ours:<15}*260302*1600*^*00501*{control:09d}*0*T*:~"
        f"GS*FA*MEDGS*GENHOSP*20260302*1600*{control}*X*005010~ST*997*0001~AK1*PO*{group}~{sets}AK9*{total}~"
        f"SE*{4 + sets.count('~')}*0001~GE*1*{control}~IEA*1*{control:09d}~"
    )


async def test_an_order_leaves_in_the_partner_s_envelope(line: Line) -> None:
    receipt = await line.receive("medline_orders", order(1))
    sent = (await line.sent(receipt.deliveries[0])).replace("\r", "").splitlines()
    assert sent == [
        "ISA*00*          *00*          *ZZ*GENHOSP        *01*MEDLINE        *260302*0915*^*00501*000000041*0*T*>~",
        "GS*PO*GENHOSP*MEDGS*20260302*0915*41*X*005010~",
        "ST*850*0001~",
        "BEG*00*SA*1**20260302~",
        "PO1*1*2*EA*9.5**VN*GLV-7~",
        "CTT*1~",
        "SE*5*0001~",
        "GE*1*41~",
        "IEA*1*000000041~",
    ]


async def number_of(line: Line, receipt: Receipt) -> int:
    """The control number of the interchange that a message became."""
    text = await line.sent(receipt.deliveries[0])
    isa, gs = text.splitlines()[:2]
    assert isa.split("*")[13] == f"{int(gs.split('*')[6]):09d}"
    return int(isa.split("*")[13])


async def test_numbers_belong_to_the_pair_and_are_never_used_twice(line: Line) -> None:
    line.write("channels/other_orders.yaml", ORDERS.replace("Orders to", "More orders to"))
    first = await line.receive("medline_orders", order(1))
    other = await line.receive("other_orders", order(1))
    await line.again()
    after = await line.receive("medline_orders", order(2))
    numbers = [await number_of(line, each) for each in (first, other, after)]
    assert numbers == [41, 42, 43]
    twice = await line.receive("medline_orders", order(2))
    assert twice.verdict is Verdict.DUPLICATE
    refused = await line.receive("medline_orders", order(3, "A>B"))
    assert (refused.verdict, refused.reason) == ("quarantined", "delimiter_in_value")
    assert "PO107" in refused.detail and "A>B" not in refused.detail
    usual = await line.receive("medline_orders", order(4, "A:B"))
    assert await number_of(line, usual) > 43 and "*A:B~" in await line.sent(usual.deliveries[0])


LOWER = """
  medline_again:
    file: {folder: again}
    x12:
      us: {id: GENHOSP}
      them: {id: MEDLINE, qualifier: "14"}  # only the qualifier is another one
      line_breaks: true
      first_number: 7
"""


async def test_no_number_is_used_twice_by_envelopes_of_one_pair_or_when_the_first_is_edited(
    line: Line,
) -> None:
    both = CONFIG + LOWER.lstrip("\n")
    line.write("config.yaml", both)
    line.write("channels/again.yaml", ORDERS.replace("partner: medline", "partner: medline_again"))  # fmt: skip
    low = await line.receive("again", order(1))
    first = await line.receive("medline_orders", order(2))
    other = await line.receive("again", order(3))
    line.write("config.yaml", both.replace("first_number: 41", "first_number: 3"))
    lowered = await line.receive("medline_orders", order(4))
    await line.again()
    line.write("config.yaml", both.replace("first_number: 41", "first_number: 90"))
    raised = await line.receive("medline_orders", order(5))
    after = await line.receive("medline_orders", order(6))
    numbers = [
        await number_of(line, each) for each in (low, first, other, lowered, raised, after)
    ]
    assert numbers == [7, 41, 42, 43, 90, 91]


def test_control_numbers_have_nine_digits_and_begin_again() -> None:
    sealing = Sealing(
        envelope=None,
        number=lambda sequence, least: 999_999_999 + 2,
        moment=datetime.fromtimestamp(0, UTC),
        environment="test",
    )
    assert Numbering(sealing, "US", "THEM").interchange() == 2


def states(line: Line, receipt: Receipt) -> list[tuple[str, str, str]]:
    """What is known of the acknowledgement of each thing that a message became."""
    with line.archive() as archive:
        (one,) = archive.deliveries(receipt.id)
        return [(each["says"], each["outcome"], each["detail"]) for each in one["expects"]]


@pytest.mark.parametrize(
    ("came", "outcome", "detail"),
    [
        (answer(41, "AK2*850*0001~AK5*A~", "A*1*1*1"), "accepted", ""),
        (answer(41, "", "A*1*1*1"), "accepted", ""),
        (answer(41, "AK2*850*0001~AK5*E*5~", "E*1*1*1"), "accepted with errors", "5 segments are in error"),
        (
            answer(41, "AK2*850*0001~AK3*PO1*3**8~AK4*2*330*6*SECRET~AK5*R*5~", "R*1*1*0"),
            "rejected",
            "5 segments are in error; PO1 at 3, element 2: 6 the value has a character that its type does not have",
        ),
        (answer(41, "AK2*850*0001~AK5*A~", "R*1*1*0*4"), "rejected", "4 control numbers of header and trailer differ"),
        (answer(41, "", "R*1*1*0"), "rejected", ""),
        (answer(42, "AK2*850*0001~AK5*A~", "A*1*1*1"), "", ""),
        (answer(41, "AK2*850*0002~AK5*R~", "P*2*2*1"), "accepted", ""),
        (answer(41, "AK2*850*0001~AK5*A~", "A*1*1*1", ours="NORTH"), "", ""),
        ("ISA*00*          *00*          *01*MEDLINE        *ZZ*GENHOSP        *260302*1600*^*00501*000000009*0*T*:~TA1*000000041*260302*0915*R*025~IEA*0*000000009~", "rejected", "025 the control number was used before"),
        ("ISA*00*          *00*          *01*MEDLINE        *ZZ*GENHOSP        *260302*1600*^*00501*000000009*0*T*:~TA1*000000041*260302*0915*A*000~IEA*0*000000009~", "", ""),
    ],
)  # fmt: skip
async def test_what_the_partner_says(line: Line, came: str, outcome: str, detail: str) -> None:
    sent = await line.receive("medline_orders", order(1))
    await line.deliver(sent)
    said = await line.receive("medline_in", came)
    assert said.reason == "acknowledgement" and (
        "accepted" in line.plans[-1].summary or "rejected" in line.plans[-1].summary
    )
    kinds = dict((says, rest) for says, *rest in states(line, sent))
    assert kinds["850 1 in group 41"] == [outcome, detail]
    told = line.store.refused(line.now)
    assert [each.says for each in told] == (["interchange 41"] if "TA1" in came and outcome else ["850 1 in group 41"] if outcome == "rejected" else [])  # fmt: skip
    await line.settled()
    assert line.store.refused(line.now) == []
    assert "SECRET" not in str(line.trail(sent.id))


async def test_the_worst_that_was_said_stays_and_both_are_linked(line: Line) -> None:
    sent = await line.receive("medline_orders", order(1))
    taken, refused = "AK2*850*0001~AK5*A~", "AK2*850*0001~AK5*R*5~"
    await line.receive("medline_in", answer(41, taken, "A*1*1*1", 1))
    last = await line.receive("medline_in", answer(41, refused, "R*1*1*0", 2))
    await line.receive("medline_in", answer(41, taken, "A*1*1*1", 3))
    words = f"850 1 in group 41 rejected (5 segments are in error), by {short_id(last.id)} on medline_in"
    assert f"rejected {words}" in line.trail(sent.id)
    assert f"rejects {short_id(sent.id)} rejected" in line.trail(last.id)
    with line.archive() as archive:
        (counted,) = [one for one in archive.counts() if one["destination"] == "medline"]
    assert counted["acknowledged"] == {"rejected": 1}


async def test_late_acknowledgements_are_told_once_and_noted(line: Line) -> None:
    sent = await line.receive("medline_orders", order(1))
    line.now += 5 * 3600
    assert line.store.overdue(line.now) == []  # nothing was delivered yet
    await line.deliver(sent)
    line.now += 5 * 3600
    (late,) = line.store.overdue(line.now)
    assert (late.message, late.awaited, late.count) == (sent.id, "medline_in", 1)
    await line.settled()
    assert line.store.overdue(line.now) == []
    await line.receive("medline_in", answer(41, "AK2*850*0001~AK5*A~", "A*1*1*1"))
    assert states(line, sent)[1] == ("850 1 in group 41", "accepted", "")
    assert any(step.startswith("overdue") for step in line.trail(sent.id))


BATCHED = ORDERS.replace(
    "expect_ack", "batch: {close: {most: 3, size: 1KB, latest: 1h}}\n    expect_ack"
).replace("{number}.850", "orders_{number}.850")


async def test_a_batch_is_one_interchange_whose_sets_point_to_their_messages(
    line: Line,
) -> None:
    line.write("channels/medline_orders.yaml", BATCHED)
    first, second, third = [await line.receive("medline_orders", order(n)) for n in (1, 2, 3)]
    batch = await line.release()
    text = (await line.sent(batch.deliveries[0])).replace("\r\n", "")
    assert text.count("ISA*") == text.count("~GS*") == 1 and "~GE*3*41~" in text
    assert [part[:4] for part in text.split("~ST*850*")[1:]] == ["0001", "0002", "0003"]
    await line.deliver(batch)
    sets = "AK2*850*0001~AK5*A~AK2*850*0002~AK5*R*5~AK2*850*0003~AK5*A~"
    said = await line.receive("medline_in", answer(41, sets, "P*3*3*2"))
    for message, word in ((first, "confirmed"), (second, "rejected"), (third, "confirmed")):
        assert any(step.startswith(word) for step in line.trail(message.id))
    assert [one.message for one in line.store.refused(line.now)] == [second.id]
    assert len([step for step in line.trail(said.id) if step.startswith(("confirms", "rejects"))]) >= 3  # fmt: skip


async def test_a_batch_stays_below_its_size(line: Line) -> None:
    line.write(
        "channels/medline_orders.yaml", BATCHED.replace("most: 3, size: 1KB", "size: 700B")
    )
    for number in range(1, 4):
        await line.receive("medline_orders", order(number))
    due = line.store.due(line.now)
    members = [len(line.store.group(one.id).members) for one in due]  # type: ignore[union-attr]
    assert members and all(count == 1 or count == 2 for count in members)
    assert sum(line.store.open_groups().values()) == len(due) + 1


CRASH = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.planning.conftest import Line
from tests.planning.test_sealed import number_of, order

async def main():
    line = Line(Path(sys.argv[1]))
    await line.open()
    for number in range(10_000):
        receipt = await line.receive("medline_orders", order(number))
        print(await number_of(line, receipt), flush=True)

asyncio.run(main())
"""


@pytest.mark.slow
async def test_no_number_is_used_again_after_a_crash(line: Line) -> None:
    await line.store.close()
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", CRASH, str(line.home), root]
    used: list[int] = []
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root) as process:
            assert process.stdout is not None
            used += [int(process.stdout.readline()) for _ in range(5)]
            process.kill()
            used += [int(each) for each in process.stdout.read().split(b"\n")[:-1]]
        line.write(
            "channels/medline_orders.yaml", ORDERS.replace("unique: number", "unique: none")
        )
    await line.open()
    used.append(await number_of(line, await line.receive("medline_orders", order(99_999))))
    assert len(used) > 10 and len(set(used)) == len(used) and used == sorted(used)


CLAIMS = """
description: Claims that go on to the clearing house
owner: billing
source: {channel: {}}
format: x12
validate: none
destinations:
  house:
    file: {folder: out, name: "{ISA13}.837"}
    envelope: medline
    expect_ack: {from: medline_in, within: 4h}
"""


def claims(*numbers: str) -> str:
    inside = "".join(
        f"HL*{at}*1*22*0~CLM*{number}*100~" for at, number in enumerate(numbers, 2)
    )
    return (
        "ISA*00*          *00*          *ZZ*BILLING        *ZZ*CORRIDOR       *260302*1600*^*00501*000000003*0*T*:~"
        "GS*HC*BILLING*CORRIDOR*20260302*1600*3*X*005010X222A1~ST*837*0009*005010X222A1~"
        f"BHT*0019*00*REF7*20260302*1600*CH~HL*1**20*1~{inside}SE*9*0009~GE*1*3~IEA*1*000000003~"
    )


def statuses(*said: str, level: str = "PT") -> str:
    """A 277CA that speaks of claims."""
    spoken = "".join(
        f"HL*{at}*1*{level}~TRN*2*{each.partition(' ')[0]}~STC*{each.partition(' ')[2]}~"
        for at, each in enumerate(said, 3)
    )
    return (
        "ISA*00*          *00*          *01*MEDLINE        *ZZ*GENHOSP        *260302*1600*^*00501*000000019*0*T*:~"
        "GS*HN*MEDGS*GENHOSP*20260302*1600*19*X*005010X214~ST*277*0001*005010X214~BHT*0085*08*X*20260302*1600*TH~"
        f"HL*1**20*1~HL*2*1*21*1~TRN*2*REF7~STC*A1:19:PR*20260302*WQ*1~{spoken}SE*9*0001~GE*1*19~IEA*1*000000019~"
    )


async def test_each_claim_has_its_own_outcome(line: Line) -> None:
    line.write("channels/claims.yaml", CLAIMS)
    line.write(
        "channels/medline_in.yaml",
        INBOX.replace("x12", "x12\nvalidate: none\nkeys: {file: ISA13}"),
    )
    sent = await line.receive("claims", claims("A1", "A2", "A3"))
    text = await line.sent(sent.deliveries[0])
    assert "*ZZ*GENHOSP        *01*MEDLINE" in text and "CLM*A2*100~" in text
    await line.deliver(sent)
    said = statuses(
        "A1 A2:20:PR*20260302*WQ*100", "A2 A7>562>85*20260302*U*100".replace(">", ":")
    )
    came = await line.receive("medline_in", said)
    known = {says: outcome for says, outcome, _ in states(line, sent)}
    claims_of = {says: outcome for says, outcome in known.items() if says.startswith("claim")}
    assert list(claims_of.values()) == ["accepted", "rejected", ""]
    (told,) = line.store.refused(line.now)
    assert (told.message, told.by) == (sent.id, came.id)
    assert "A7 rejected, information is invalid, status 562" in told.said
    assert "A2 " not in str(line.trail(sent.id)), "the claim's number is nobody's business"
    with line.archive() as archive:
        assert archive.message(sent.id).unconfirmed == 1, "the 999 is still missing"
        (counted,) = [one["acknowledged"] for one in archive.counts() if one["acknowledged"]]
        assert counted == {"awaited": 1, "claims rejected": 1}, "a set, and a claim in it"


async def test_a_file_of_claims_that_is_refused_whole(line: Line) -> None:
    line.write("channels/claims.yaml", CLAIMS)
    line.write("channels/medline_in.yaml", INBOX.replace("x12", "x12\nvalidate: none"))
    sent = await line.receive("claims", claims("A1", "A2"))
    said = statuses().replace("STC*A1:19:PR*20260302*WQ", "STC*A3:24:41*20260302*U")
    await line.receive("medline_in", said)
    outcomes = [outcome for says, outcome, _ in states(line, sent) if says.startswith("claim")]
    assert outcomes == ["rejected", "rejected"]


async def test_what_is_wrong_with_an_envelope_is_said_at_its_place(line: Line) -> None:
    for wrong, where in {
        "us: {id: GENHOSP}": (r"us: {id: GENERALHOSPITAL01}", r"config.yaml:6:16: .*us(.|\n)*1 to 15"),
        'component: ">"': ('component: "*"', r"config.yaml:8:19: .*delimiters(.|\n)*differ"),
        "line_breaks: true": ("line_brakes: true", r"config.yaml:9:7: (.|\n)*'line_breaks'"),
        "    x12:": ("    x21:", "no connector and no envelope 'x21'"),
    }.items():  # fmt: skip
        text, expected = where
        line.write("config.yaml", CONFIG.replace(wrong, text))
        with pytest.raises(ConfigError, match=expected):
            _ = line.channels
    line.write("config.yaml", CONFIG)
    for key, expected in {
        "envelope: medlin": "did you mean 'medline'",
        "expect_ack: {from: medline_im, within: 4h}": "there is no channel 'medline_im'",
        "expect_ack: {from: medline_orders, within: 4h}": "reads json; the acknowledgement is x12",
        "expect_ack: {from: medline_in}": "'within' is missing",
    }.items():
        text = ORDERS.replace("expect_ack: {from: medline_in, within: 4h}", key)
        line.write("channels/medline_orders.yaml", text)
        with pytest.raises(ConfigError, match=expected):
            _ = line.channels
    line.write("channels/medline_orders.yaml", ORDERS)


async def test_what_leaves_as_it_is(line: Line) -> None:
    line.write("channels/claims.yaml", CLAIMS.replace("    envelope: medline\n", ""))
    raw = claims("A1")
    passed = await line.receive("claims", raw)
    assert await line.sent(passed.deliveries[0]) == raw
    assert [says for says, *_ in states(line, passed)][:2] == [
        "interchange 3",
        "837 9 in group 3",
    ]
    line.write("channels/medline_orders.yaml", ORDERS.replace("    expect_ack", "    envelope: none\n    expect_ack"))  # fmt: skip
    built = await line.receive("medline_orders", order(1))
    assert "CORRIDOR" in await line.sent(built.deliveries[0])
