"""What is shipped: every interchange among the samples, also what mappings make, keeps its guide and adds up."""

from __future__ import annotations

from pathlib import Path

from interchanges import READING

from engine.formats import x12

SAMPLES = Path(__file__).parents[3] / "samples"
#: A payer that pays by two files at once, each of which says the whole amount: the channel waits for both.
HALVES = ("remittance_part1.835", "remittance_part2.835")


def test_every_sample_keeps_its_guide_and_adds_up_but_those_that_are_wrong_by_name() -> None:
    seen = 0
    for path in sorted(SAMPLES.rglob("*")):
        if path.is_file() and (raw := path.read_bytes()).lstrip().startswith(b"ISA*"):
            seen += 1
            faults = list(x12.check(x12.parse(raw, READING), "balance"))
            if path.stem.endswith("_wrong"):
                assert faults, path
            else:
                told = [fault.path for fault in faults if fault.level == "balance"]
                assert told == (["BPR02"] if path.name in HALVES else []), (path, faults)
                assert len(told) == len(faults), (path, faults)
    assert seen > 30
