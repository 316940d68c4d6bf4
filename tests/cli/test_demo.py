"""The demo whole: both chains run end to end over an outage, and all comes out even."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli.reckoning import Station, uneven

ROOT = Path(__file__).parents[2]
#: What a line of the summary says of each thing: how many, and where.
_COUNTED = re.compile(r"(\d+) ([^=]+?)(?: =|$)")


def sums(printed: str) -> dict[str, dict[str, int]]:
    """The summary: by what is counted, how many came by each station."""
    lines = [line for line in printed.splitlines() if " = " in line and line[:1].isalpha()]
    return {
        line.partition(": ")[0]: {
            where: int(count) for count, where in _COUNTED.findall(line.partition(": ")[2])
        }
        for line in lines
    }


@pytest.mark.slow
def test_orders_and_claims_go_all_the_way_over_an_outage(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    command = [sys.executable, "-m", "engine.cli", "--home", str(ROOT), "demo", "--plain"]
    command += ["--seconds", "15", "--folder", str(home)]
    surroundings = {k: v for k, v in os.environ.items() if k != "CORRIDOR_NO_CONSOLE"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=150, check=False, env=surroundings
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    found = sums(done.stdout)
    assert sorted(found) == [
        "claims", "cover", "decided claims", "documents of the supplier", "invoices", "orders", "payments",
        "rejected claims", "searches", "shipments", "tests", "transactions",
    ]  # fmt: skip
    for of, stations in found.items():
        assert len(stations) > 1 and len(set(stations.values())) == 1, (of, stations)
        assert min(stations.values()) > 0, f"no {of} in these seconds"
    assert (
        found["decided claims"]["at billing"]
        + found["rejected claims"]["known as rejected here"]
        == (found["claims"]["patients charged"])
    )
    assert "the partner 'erp' is down" in done.stdout
    assert " waiting " in done.stdout
    assert re.search(r"^console: http://127\.0\.0\.1:\d+$", done.stdout, re.MULTILINE)
    assert "the token, for one use: " in done.stdout
    assert done.stdout.rstrip().endswith("delivered to every partner")
    facts = [
        json.loads(line)
        for path in (home / "logs").glob("*.log")
        for line in path.read_text("utf-8").splitlines()
    ]
    assert not [fact for fact in facts if fact["level"] == "error"]
    assert not [fact for fact in facts if fact["event"] == "quarantined"]
    assert [fact for fact in facts if "the partner rejected claim" in fact.get("detail", "")]
    assert [fact for fact in facts if fact["event"] == "taken_apart"], "the item master"


def test_what_is_not_even_is_named() -> None:
    even = [Station(says="left", count=2), Station(says="came", count=2)]
    odd = [
        Station(says="left", count=3, of="claims"),
        Station(says="came", count=2, of="claims"),
    ]
    assert uneven(even) == []
    assert uneven([*even, *odd]) == ["claims: 3 left, 2 came"]
