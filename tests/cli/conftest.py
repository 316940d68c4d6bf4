"""The real application, run on real homes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from engine.cli.commands import app
from engine.message import Inbound, Outbound, Plan, Receipt, Settlement, State, Verdict
from engine.store.sqlite import SqliteStore


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Corridor:
    """Runs commands on one home."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *arguments: object, answer: str = "") -> Ran:
        command = ["--home", str(self.home), *map(str, arguments)]
        result = CliRunner().invoke(app, command, input=answer)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def corridor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corridor:
    """The command line, on an empty home."""
    monkeypatch.setenv("TZ", "UTC")
    home = tmp_path / "home"
    home.mkdir()
    return Corridor(home)


class Kept(NamedTuple):
    """What `fill` put into a store."""

    delivered: int
    waiting: int
    refused: int
    quarantined: int


#: Values that stand for a patient's data, wherever they must not be seen.
CANARIES = ("CANARY1000123", "Canaryname", "19330303")


def plan_of(
    mrn: str, *destinations: str, verdict: Verdict = Verdict.ACCEPTED, reason: str = ""
) -> Plan:
    return Plan(
        verdict=verdict,
        reason=reason,
        detail="PID-7: not a date" if reason else "",
        kind="ADT^A08",
        control=f"C{mrn}",
        keys=(("mrn", mrn),),
        summary=f"{len(destinations)} messages",
        outbound=tuple(
            Outbound(
                destination=name, payload=f"to {name}: {CANARIES[1]}".encode(), shows="ADT^A08"
            )
            for name in destinations
        ),
    )


async def fill(home: Path, now: float = 1_795_257_000.0) -> Kept:
    """A store with a message of each kind, made the way the engine makes it."""
    store = await SqliteStore.open(home, asyncio.get_running_loop(), lambda: now)

    async def accept(plan: Plan) -> Receipt:
        raw = (
            f"MSH|^~\\&|A\rPID|1||{CANARIES[0]}||{CANARIES[1]}||{CANARIES[2]}\r\x1b[2J".encode()
        )
        inbound = Inbound(raw=raw, received_at=now, peer="10.2.0.7")
        return await store.accept("adt_feed", inbound, plan)

    def settle(delivery: int, state: State, **facts: Any) -> None:
        store.settle(Settlement(delivery=delivery, state=state, at=now + 0.02, **facts))

    first = await accept(plan_of("1", "billing"))
    second = await accept(plan_of("2", "billing", "erp"))
    third = await accept(plan_of("3", "erp"))
    bad = await accept(plan_of("4", verdict=Verdict.QUARANTINED, reason="bad_date"))
    for receipt in (first, second, third):
        for delivery in receipt.deliveries:
            store.claim(delivery, now + 0.01)
    settle(
        first.deliveries[0].id, State.DELIVERED, status="201", kept={"their_number": "CHG-1"}
    )
    settle(second.deliveries[0].id, State.DELIVERED, status="201")
    settle(
        second.deliveries[1].id, State.QUEUED, status="503", detail="try later", due_at=now + 5
    )
    settle(third.deliveries[0].id, State.REFUSED, status="422", detail="unknown account")
    await store.close()
    return Kept(first.id, second.id, third.id, bad.id)


@pytest.fixture
async def kept(corridor: Corridor) -> Kept:
    """Messages in the store of the home: delivered, waiting, refused, quarantined."""
    return await fill(corridor.home)
