"""The simulated supplier and payer: they answer from what they are sent, and what they say is sound X12 that adds up."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import asyncssh
import pytest

from engine import simulate
from engine.formats import x12
from engine.reading import Reading
from engine.simulate.interchange import Answer, Numbers, Set, read, sets
from engine.simulate.payer import Payer
from engine.simulate.supplier import Supplier

SAMPLES = Path(__file__).parents[2] / "samples"
NOW = 1_772_715_600.0
#: Five lines in two orders.
ORDERS = (SAMPLES / "expected/orders_of_the_erp.850").read_bytes()
CLAIMS = (SAMPLES / "x12/claims.837").read_bytes()


def said(answers: list[Answer], kind: str) -> list[Set]:
    """The sets of the answer of that kind."""
    (found,) = (one for one in answers if one.kind == kind)
    document = read(found.content)
    assert document is not None
    return list(sets(document))


def check(answers: list[Answer]) -> None:
    """Every answer holds to its guide and adds up, and no control number comes twice."""
    numbers = set()
    for one in answers:
        document = x12.parse(one.content, Reading())
        assert list(x12.findings(document, "balance")) == []
        numbers.add(document.control())
    assert len(numbers) == len(answers)


def test_a_supplier_answers_every_line_and_charges_what_it_ships() -> None:
    supplier = Supplier(Numbers(100))
    answers = list(supplier.answers(ORDERS, NOW))
    check(answers)
    assert [(one.kind, one.sets) for one in answers] == [
        ("997", 2), ("855", 2), ("856", 2), ("810", 2),
    ]  # fmt: skip
    lines = [
        line for one in said(answers, "855") for line in one.segments if line.name == "ACK"
    ]
    assert [line.element(1) for line in lines] == ["IA", "IA", "IS", "IA", "IB"]
    assert lines[2].element(8) == "SUT-20-S"
    shipped = [
        [s.element(1) for s in one.segments if s.name == "LIN"] for one in said(answers, "856")
    ]
    assert shipped == [["10", "20", "30"], ["10"]], "what is out of stock stays behind"
    totals = [one.value("TDS", 1) for one in said(answers, "810")]
    assert totals == ["265075", "236000"]
    assert [one.value("BIG", 4) for one in said(answers, "810")] == ["4500101", "4500102"]
    again = list(supplier.answers(ORDERS, NOW))
    assert [one.content for one in again] != [one.content for one in answers]


def test_a_supplier_ships_nothing_where_nothing_is_in_stock() -> None:
    supplier = Supplier(Numbers(100))
    supplier._lines = 4
    raw = ORDERS.replace(b"PO1*20", b"ZZZ*20").replace(b"PO1*30", b"ZZZ*30")
    first = list(supplier.answers(raw, NOW))
    assert [(one.kind, one.sets) for one in first][1:] == [("855", 2), ("856", 1), ("810", 1)]
    assert supplier.counts["shipping"] == 1


@pytest.mark.parametrize("trade", [Supplier, Payer])
def test_what_needs_no_answer_gets_none(trade: type[Supplier] | type[Payer]) -> None:
    partner = trade()
    taken = (SAMPLES / "x12/orders_taken.997").read_bytes()
    for raw in (taken, b"", b"not an interchange", b"ISA*short~"):
        assert list(partner.answers(raw, NOW)) == []
    assert partner.counts["997"] == 1


def test_a_payer_pays_denies_and_turns_away_and_every_sum_is_the_claims_own() -> None:
    payer = Payer(Numbers(100))
    first, second = (list(payer.answers(CLAIMS, NOW)) for _ in range(2))
    check(first)
    check(second)
    assert [one.kind for one in first] == ["999", "277", "835"]
    assert (payer.counts["paid"], payer.counts["denied"], payer.counts["turned_away"]) == (
        2,
        1,
        1,
    )
    (away,) = [
        line
        for line in said(second, "277")[0].segments
        if line.name == "STC" and line.element(3) == "U"
    ]
    assert (away.element(1), away.element(4)) == ("A7:562:82", "360")
    (payment,) = said(first, "835")
    assert Decimal(payment.value("BPR", 2)) == Decimal(360) * Decimal("0.80")
    claims = [line for line in payment.segments if line.name == "CLP"]
    assert [line.elements[1:6] for line in claims] == [
        ["ACC8100", "1", "360", "288.00", "36.00"],
        ["ACC8101", "4", "240", "0", "0"],
    ]
    (later,) = said(second, "835")
    assert [line.element(1) for line in later.segments if line.name == "CLP"] == ["ACC8101"]


def test_institutional_and_dental_claims_are_read_too() -> None:
    for name, kind in (("stays", "NU:0120"), ("teeth", "AD:D2750")):
        answers = list(
            Payer(Numbers(1)).answers((SAMPLES / f"x12/{name}.837").read_bytes(), NOW)
        )
        check(answers)
        procedures = [s.element(1) for s in said(answers, "835")[0].segments if s.name == "SVC"]
        assert any(one[:3] == kind[:3] for one in procedures), procedures


async def test_a_partner_answers_what_is_put_into_its_box(tmp_path: Path) -> None:
    make = simulate.trading_partner("supplier")
    async with make("supplier", pace=0.05, folder=tmp_path) as partner:
        others = [make(name, folder=tmp_path).host_key for name in ("supplier", "payer")]
        assert others[0] == partner.host_key != others[1], "config.yaml can pin it"
        known = asyncssh.import_known_hosts(f"[127.0.0.1]:{partner.port} {partner.host_key}\n")
        async with (
            asyncssh.connect(
                "127.0.0.1", partner.port, username="corridor", password="corridor",
                known_hosts=known, client_keys=None, agent_path=None, config=None,
            ) as line,
            line.start_sftp_client() as client,
        ):  # fmt: skip
            async with client.open("/in/.po.part", "wb") as file:
                await file.write(ORDERS)
            await client.rename("/in/.po.part", "/in/po.850")
            async with asyncio.timeout(10):
                while partner.sent["810"] < 2:
                    await asyncio.sleep(0.02)
            left = sorted(
                Path(one).suffix for one in await client.listdir("/out") if one[0] != "."
            )
            assert left == [".810", ".855", ".856", ".997"]
            await client.mkdir("/out/archive")
            name = next(one for one in await client.listdir("/out") if one.endswith(".997"))
            await client.posix_rename(f"/out/{name}", f"/out/archive/{name}")
        stats = partner.stats()
        assert (stats["unique"], stats["took"]["850"], stats["sent"]["855"]) == (1, 2, 2)
