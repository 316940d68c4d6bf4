"""What came in an interchange is acknowledged in the same commit, right also for what comes twice."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.message import Receipt, Verdict
from tests.planning.conftest import INBOX, Line

ACKNOWLEDGING = (
    INBOX
    + """
keys: {order: BEG03}
accept:
  when: BEG03 != "FOREIGN"
  otherwise: reject
  because: not our order
destinations:
  erp:
    file: {folder: erp, name: "{BEG03}.850"}
  acknowledgements:
    of: acknowledgement
    file: {partner: medline, name: "{ISA13}.997"}
"""
)
SPLIT = ACKNOWLEDGING.replace("format: x12", "format: x12\nsplit: ST")


def came(*orders: str, control: int = 7, requested: int = 0) -> str:
    """An interchange of orders from the partner."""
    sets = "".join(
        f"ST*850*{at:04d}~BEG*00*SA*{number}**20260302~PO1*1*2*EA*9.5**VN*GLV-7~CTT*1~SE*5*{at:04d}~"
        for at, number in enumerate(orders, 1)
    )
    return (
        f"ISA*00*          *00*          *01*MEDLINE        *ZZ*GENHOSP        *260302*1600*^*00501*{control:09d}*{requested}*T*:~"
        f"GS*PO*MEDGS*GENHOSP*20260302*1600*{control}*X*005010~{sets}GE*{len(orders)}*{control}~IEA*1*{control:09d}~"
    )


async def acknowledged(line: Line, receipt: Receipt) -> str:
    """What the partner is told: TA1, AK1 to AK9."""
    number = line.store.destination("medline_in", "acknowledgements")
    told = [one for one in receipt.deliveries if one.destination == number]
    if not told:
        return ""
    (delivery,) = told
    return await line.sent(delivery)


def said(text: str) -> list[str]:
    return [one for one in text.split("~") if one[:2] in ("TA", "AK")]


def control(text: str) -> str:
    return text.split("*")[13]


async def test_what_was_taken_and_what_was_not(line: Line) -> None:
    line.write("channels/medline_in.yaml", ACKNOWLEDGING)
    good = await line.receive("medline_in", came("1", control=7))
    text = await acknowledged(line, good)
    assert text.startswith("ISA*00*          *00*          *ZZ*GENHOSP        *01*MEDLINE ")
    assert control(text) == "000000041" and "~GS*FA*GENHOSP*MEDGS*20260302*" in text
    assert said(text) == ["AK1*PO*7", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1"]
    bad = await line.receive("medline_in", came("FOREIGN", control=8))
    assert (bad.verdict, bad.reason) == ("quarantined", "rejected")
    assert said(await acknowledged(line, bad))[-2:] == ["AK5*R*5", "AK9*R*1*1*0"]
    assert len(bad.deliveries) == 1, "nothing else goes out of what is quarantined"
    assert await acknowledged(line, await line.receive("medline_in", "nothing readable")) == ""
    asked = await line.receive("medline_in", came("2", control=9, requested=1))
    assert said(await acknowledged(line, asked))[0] == "TA1*000000009*260302*1600*A*000"


async def test_each_set_follows_its_part(line: Line) -> None:
    line.write("channels/medline_in.yaml", SPLIT)
    receipt = await line.receive("medline_in", came("1", "FOREIGN", "3"))
    assert receipt.verdict is Verdict.SPLIT
    assert [part.verdict.value for part in receipt.parts] == [
        "accepted",
        "quarantined",
        "accepted",
    ]
    expected = ["AK1*PO*7", "AK2*850*0001", "AK5*A", "AK2*850*0002", "AK5*R*5", "AK2*850*0003", "AK5*A", "AK9*P*3*3*2"]  # fmt: skip
    assert said(await acknowledged(line, receipt)) == expected
    assert [len(part.deliveries) for part in receipt.parts] == [1, 0, 1]


async def test_a_set_that_became_no_part_is_not_said_to_be_taken(line: Line) -> None:
    line.write("channels/medline_in.yaml", SPLIT.replace("split: ST", "split: PO1"))
    text = came("1", "2").replace(
        "BEG*00*SA*2**20260302~PO1*1*2*EA*9.5**VN*GLV-7~CTT*1~SE*5",
        "BEG*00*SA*2**20260302~CTT*0~SE*4",
    )
    receipt = await line.receive("medline_in", text)
    told = said(await acknowledged(line, receipt))
    taken = [part for part in receipt.parts if part.verdict is Verdict.ACCEPTED]
    assert len([one for one in told if one.startswith(("AK5*A", "AK5*E"))]) == len(taken)


@pytest.mark.parametrize(("level", "refused"), [("syntax", 1), ("none", 0)])
async def test_what_is_not_valid_is_refused_set_by_set(
    line: Line, level: str, refused: int
) -> None:
    line.write(
        "channels/medline_in.yaml", SPLIT.replace("split:", f"validate: {level}\nsplit:")
    )
    text = came("1", "2").replace("BEG*00*SA*2**20260302", "BEG*00*SA*2**20261302")
    receipt = await line.receive("medline_in", text)
    assert [part.reason for part in receipt.parts].count("invalid") == refused
    if refused:
        assert "BEG05" in receipt.parts[1].detail and "20261302" not in receipt.parts[1].detail
    told = said(await acknowledged(line, receipt))
    assert told[-1] == ("AK9*P*2*2*1" if refused else "AK9*E*2*2*2")
    assert "AK3*BEG*2**8" in told and any(one.startswith("AK4*5*373*8") for one in told)


def test_a_level_that_is_not_there_is_said(line: Line) -> None:
    line.write("channels/medline_in.yaml", INBOX + "validate: guid\n")
    with pytest.raises(ConfigError, match=r"medline_in.yaml:5:11: validate(.|\n)*'guide'"):
        _ = line.channels
    line.write("channels/medline_in.yaml", INBOX.replace("x12", "json") + "validate: guide\n")
    with pytest.raises(ConfigError, match="json are not validated"):
        _ = line.channels


@pytest.mark.parametrize("channel", [ACKNOWLEDGING, SPLIT])
async def test_what_comes_twice(line: Line, channel: str) -> None:
    line.write("channels/medline_in.yaml", channel)
    first = await line.receive("medline_in", came("1", control=7))
    assert all(part.verdict is Verdict.ACCEPTED for part in first.parts)
    before = await acknowledged(line, first)
    await line.again()
    same = await line.receive("medline_in", came("1", control=7))
    assert same.verdict is Verdict.DUPLICATE
    assert await acknowledged(line, same) == before, "the partner missed it: it goes out again"
    other = await line.receive("medline_in", came("2", control=7))
    assert (other.verdict, other.reason) == ("quarantined", "duplicate_interchange")
    text = await acknowledged(line, other)
    assert said(text) == ["TA1*000000007*260302*1600*R*025"] and control(text) != control(
        before
    )
    assert not [one for one in (*same.parts, *other.parts) if one.deliveries]
    await line.again()
    new = await line.receive("medline_in", came("2", control=8))
    assert int(control(await acknowledged(line, new))) > int(control(text)), "it was used"
    assert said(await acknowledged(line, new))[-1] == "AK9*A*1*1*1"


@pytest.mark.parametrize("channel", [ACKNOWLEDGING, SPLIT])
async def test_what_comes_twice_in_one_commit(line: Line, channel: str) -> None:
    line.write("channels/medline_in.yaml", channel)
    texts = [came("1", control=7), came("1", control=7), came("2", control=7)]
    first, same, other = await asyncio.gather(
        *(line.receive("medline_in", each) for each in texts)
    )
    assert (same.original, other.original) == (first.id, first.id)
    assert await acknowledged(line, same) == await acknowledged(line, first)
    assert said(await acknowledged(line, other)) == ["TA1*000000007*260302*1600*R*025"]


async def test_a_file_of_several_interchanges(line: Line) -> None:
    line.write("channels/medline_in.yaml", SPLIT)
    await line.receive("medline_in", came("1", control=7))
    file = came("1", control=7) + came("2", "FOREIGN", control=8) + came("3", control=7)
    receipt = await line.receive("medline_in", file)
    verdicts = [part.verdict.value for part in receipt.parts]
    assert verdicts == ["duplicate", "split", "quarantined"]
    told = [said(await acknowledged(line, part)) for part in receipt.parts]
    assert [each[-1] for each in told] == ["AK9*A*1*1*1", "AK9*P*2*2*1", "TA1*000000007*260302*1600*R*025"]  # fmt: skip


async def test_acknowledgements_are_not_acknowledged(line: Line) -> None:
    line.write("channels/medline_in.yaml", ACKNOWLEDGING)
    text = await acknowledged(line, await line.receive("medline_in", came("1")))
    turned = text.replace("*ZZ*GENHOSP        *01*MEDLINE        *", "*01*MEDLINE        *ZZ*GENHOSP        *")  # fmt: skip
    assert await acknowledged(line, await line.receive("medline_in", turned)) == ""


async def test_a_replay_tells_nothing_unless_it_is_named(line: Line) -> None:
    line.write("channels/medline_in.yaml", ACKNOWLEDGING)
    first = await line.receive("medline_in", came("FOREIGN"))
    line.write("channels/medline_in.yaml", ACKNOWLEDGING.replace('"FOREIGN"', '"OTHER"'))
    again = await line.receive("medline_in", came("FOREIGN"), replay_of=first.id)
    assert again.verdict is Verdict.ACCEPTED and await acknowledged(line, again) == ""
    named = await line.receive(
        "medline_in", came("FOREIGN"), replay_of=first.id, only=("acknowledgements",)
    )
    assert said(await acknowledged(line, named))[-1] == "AK9*A*1*1*1"


MISTAKES = {
    "    render: order\n": "an acknowledgement is written by the format",
    "    expect_ack: {from: medline_in, within: 4h}\n": "nobody acknowledges an acknowledgement",
    "    batch: {close: {most: 3}}\n": "leaves when it is due",
}


@pytest.mark.parametrize("key", MISTAKES)
def test_what_does_not_go_with_it_is_said(line: Line, key: str) -> None:
    line.write("channels/medline_in.yaml", ACKNOWLEDGING + key)
    with pytest.raises(ConfigError, match=MISTAKES[key]):
        _ = line.channels


CRASH = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.planning.conftest import Line
from tests.planning.test_acknowledged import came

async def main():
    line = Line(Path(sys.argv[1]))
    await line.open()
    for number in range(1, 10_000):
        receipt = await line.receive("medline_in", came(str(number), control=number))
        print(number, flush=True)

asyncio.run(main())
"""


@pytest.mark.slow
async def test_what_is_kept_is_acknowledged_and_nothing_else_also_after_a_crash(
    line: Line,
) -> None:
    line.write("channels/medline_in.yaml", SPLIT)
    await line.store.close()
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", CRASH, str(line.home), root]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root) as process:
        assert process.stdout is not None
        for _ in range(5):
            last = int(process.stdout.readline())
        process.kill()
    await line.open()
    controls = set()
    for number in range(1, last + 1):
        receipt = await line.receive("medline_in", came(str(number), control=number))
        assert receipt.verdict is Verdict.DUPLICATE
        text = await acknowledged(line, receipt)
        assert said(text)[-1] == "AK9*A*1*1*1" and f"AK1*PO*{number}" in text
        controls.add(control(text))
    assert len(controls) == last
