"""The shipped channels: their own tests, and what the canonical model between source and target is for."""

from __future__ import annotations

import json
import re
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from engine import canonical, check, connectors
from engine.channel import Channel, Home, load_all
from engine.channel.cases import Bounds, case
from engine.message import Context, Inbound, Outbound, Plan
from engine.pipeline import plan
from engine.placed import Items, Mistakes, Record, read, read_file

ROOT = Path(__file__).parents[1]
#: What of the samples' patient must not reach those who do not treat.
PATIENT = (b"1000123", b"ACC7001", b"V9001", b"Testcase", b"19800102", b"M16.11", b"900-00")


@pytest.fixture
def home(shipped_home: Home) -> Home:
    return shipped_home


def planned(home: Home, channel: str, sample: str) -> Plan:
    raw = (ROOT / f"samples/hl7v2/{sample}.hl7").read_bytes()
    context = Context(now=1_767_268_800.0, id=1, channels=home.channels)
    return plan(home.channels[channel], Inbound(raw=raw, received_at=0.0), context)


def to(made: Plan, destination: str) -> list[bytes]:
    found = [each.payload for each in made.outbound if each.destination == destination]
    return [payload for payload in found if isinstance(payload, bytes)]


def examples() -> list[str]:
    """The tests of the channels, by channel and line; read, but not loaded yet."""
    found = []
    for path in sorted((ROOT / "channels").glob("*.yaml")):
        root, _ = read_file(path, path.name, Mistakes())
        tests = root.entries.get("tests") if isinstance(root, Record) else None
        if isinstance(tests, Items):
            found += [f"{path.stem}:{node.place.line}" for node in tests.items]
    return found


@pytest.mark.parametrize("example", examples())
def test_what_stands_in_the_channels(example: str, home: Home) -> None:
    channel = home.channels[example.partition(":")[0]]
    found = [check.Example(channel, node, home) for node in channel.tests]
    (one,) = [each for each in found if str(each) == example]
    one.check()


def test_all_that_stands_in_the_channels_is_run(home: Home) -> None:
    loaded = [
        f"{name}:{node.place.line}" for name, one in home.channels.items() for node in one.tests
    ]
    assert examples() == loaded


def test_every_mapping_table_and_sample_is_used() -> None:
    written = "\n".join(
        path.read_text("utf-8")
        for folder in ("channels", "mappings")
        for path in (ROOT / folder).glob("*.yaml")
    )
    written += (ROOT / "samples/conversions.yaml").read_text("utf-8")
    words = set(re.findall(r"\w+", written))
    files = [*(ROOT / "mappings").rglob("*.*"), *(ROOT / "samples/expected").iterdir()]
    for path in files:
        assert path.stem in words, f"{path.name} is used nowhere"


def test_all_that_comes_of_an_event_carries_one_correlation_id(home: Home) -> None:
    made = planned(home, "or_supply_usage", "dft_p03_implants")
    documents = [
        json.loads(payload)
        for name in ("billing", "inventory", "erp")
        for payload in to(made, name)
    ]
    ids = {each.get("correlation_id") or each["correlationId"] for each in documents}
    assert (len(documents), ids) == (6, {dict(made.keys)["correlation"]})


def test_neither_stock_nor_finance_learns_of_a_patient(home: Home) -> None:
    made = planned(home, "or_supply_usage", "dft_p03_implants")
    for name in ("inventory", "erp"):
        for payload in to(made, name):
            assert not [word for word in PATIENT if word in payload]
    assert all(word in to(made, "billing")[0] for word in PATIENT[:2])


def test_what_leaves_as_an_entity_holds_to_its_schema(home: Home) -> None:
    made = planned(home, "or_supply_usage", "dft_p03_credit")
    for name, entity in (("inventory", "InventoryMovement"), ("erp", "CostPosting")):
        (payload,) = to(made, name)
        assert canonical.encode(canonical.decode(entity, payload)) == payload
    (account,) = to(planned(home, "adt_feed", "adt_a01"), "accounts")
    assert canonical.encode(canonical.decode("PatientAccount", account)) == account


def lanes(home: Home, sample: str) -> set[int]:
    found = planned(home, "adt_feed", sample).outbound
    return {lane for each in found if each.destination == "downstream" for lane in each.lanes}


def test_a_merge_stands_in_the_lanes_of_both_patients(home: Home) -> None:
    survivor, other = lanes(home, "adt_a01"), lanes(home, "adt_a04")
    merge = lanes(home, "adt_a40")
    assert len(merge) == 2
    assert survivor < merge
    assert not other & merge
    assert len(survivor) == len(other) == 1


def test_what_nobody_names_passes_byte_for_byte(home: Home) -> None:
    """Of the ADT that is passed on only the fields of the rules differ."""
    raw = (ROOT / "samples/hl7v2/adt_a01.hl7").read_bytes()
    (sent,) = to(planned(home, "adt_feed", "adt_a01"), "downstream")
    kept = [line for line in raw.split(b"\r") if not line.startswith((b"NK1", b"IN1"))]
    ours = [line.split(b"|") for line in sent.split(b"\r")]
    theirs = [line.split(b"|") for line in kept]
    different = [
        (line[0], at)
        for line, other in zip(ours, theirs, strict=True)
        for at, (mine, before) in enumerate(zip(line, other, strict=True))
        if mine != before
    ]
    assert different == [(b"MSH", 2), (b"MSH", 4), (b"MSH", 11), (b"PID", 19)]


CHARGED = """
name: the charges of a day
given:
  - {sample: samples/hl7v2/registered_outpatient.hl7, channel: adt_feed}
  - samples/hl7v2/charges_day1.hl7
  - {wait: 73h}
now: 2026-03-02T17:00:00
tables: {cdm: samples/tables/cdm.csv, facility: samples/tables/facility.csv}
expect: {verdict: accepted}
"""


def got(home: Home, channel: str, text: str) -> dict[str, list[bytes]]:
    """What the destinations of a channel get in a test."""
    found, mistakes = home.channels[channel], Mistakes()
    node = read(text, "test", mistakes)
    names = tuple(route.name for route in found.routes)
    bounds = Bounds(home=home.folder, zone=found.zone, destinations=names)
    wanted = case(node, bounds, mistakes) if node is not None else None
    assert wanted is not None, mistakes.found
    return check.play(found, wanted, home).got


def test_a_charge_is_the_same_amount_as_a_charge_item_and_as_a_line_of_a_claim(
    home: Home,
) -> None:
    (claim,) = got(home, "charges_to_claims", CHARGED)["professional"]
    alone = re.sub(r"(?s)\n  - .sample.*?\n  - (\S+)\n  - .wait.*?\n", r" \1\n", CHARGED)
    (sent,) = got(home, "charges_to_fhir", alone)["platform"]
    items = [
        each["resource"]
        for each in json.loads(sent, parse_float=Decimal)["entry"]
        if each["resource"]["resourceType"] == "ChargeItem"
    ]
    lines = re.findall(rb"SV1\*[^*]+\*([^*]+)\*UN\*([^*]+)", claim)
    assert [(Decimal(a.decode()), Decimal(b.decode())) for a, b in lines] == [
        (each["priceOverride"]["value"], each["quantity"]["value"]) for each in items
    ]
    assert sum(each["priceOverride"]["value"] for each in items) == Decimal("3462.00")
    assert f"CLM*ACC8100*{Decimal(3462)}*".encode() in claim
    assert {each["priceOverride"]["currency"] for each in items} == {"USD"}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in ("channels", "mappings", "samples"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "config.yaml", tmp_path)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.slow
def test_a_second_erp_is_one_mapping_and_one_destination(copy: Path) -> None:
    """No source mapping is touched, and nothing changes for the others (R17)."""
    (copy / "mappings/charge_event_to_second_erp.yaml").write_text(
        "from: ChargeEvent\nto: json\nfields:\n  ACCT: cost_centre\n  AMT: amount\n", "utf-8"
    )
    edit(
        copy / "channels/or_supply_usage.yaml",
        "  nightly:\n",
        "  second_erp:\n    render: charge_event_to_second_erp\n"
        '    http: {url: "http://127.0.0.1:9305/gl"}\n  nightly:\n',
    )
    before = planned(load_all(ROOT), "or_supply_usage", "dft_p03_credit").outbound
    after = planned(load_all(copy), "or_supply_usage", "dft_p03_credit").outbound
    (added,) = [each for each in after if each.destination == "second_erp"]
    assert added.payload == b'{"ACCT":"4101","AMT":16.80}'
    assert _without(after, "second_erp") == _without(before, "second_erp")


def _without(outbound: tuple[Outbound, ...], name: str) -> list[tuple[str, object]]:
    return [(each.destination, each.payload) for each in outbound if each.destination != name]


@pytest.mark.slow
def test_another_transport_changes_the_destination_only(copy: Path) -> None:
    """From a file to REST: one block is edited, and the channel's tests pass as they are (R10)."""
    channel = copy / "channels/or_supply_usage.yaml"
    text = channel.read_text("utf-8")
    start = text.index("    file:\n")
    end = text.index("alerts:")
    new = '    http: {partner: billing, path: "/lines", content_type: text/plain}\n\n'
    channel.write_text(text[:start] + new + text[end:], "utf-8")
    home = load_all(copy)
    found: Channel = home.channels["or_supply_usage"]
    assert next(route for route in found.routes if route.name == "nightly").link.kind == "http"
    assert [result.text() for result in check.run_all(home) if not result.passed] == []


def test_the_sample_of_each_connector_loads(tmp_path: Path) -> None:
    """samples/channels/NAME.yaml shows what connector NAME can do; all of them together are a home."""
    shutil.copytree(ROOT / "samples/channels", tmp_path / "channels")
    loaded = load_all(tmp_path).channels
    assert sorted(loaded) == connectors.names()
    for name, found in loaded.items():
        assert name in {found.source.kind, *(route.link.kind for route in found.routes)}
