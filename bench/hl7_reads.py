"""
What a message costs: parse and 15 reads of a 1.5 KB ADT through compiled paths, and acknowledging it.

    python bench/hl7_reads.py
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from pathlib import Path

import hl7

from engine.formats import Reading, Scope, Shape
from engine.formats.hl7v2 import acknowledge, parse, parts, paths
from engine.message import Receipt, Verdict

SAMPLE = Path(__file__).parents[1] / "samples/hl7v2/adt_a01_full.hl7"
READS = [
    "MSH-3",
    "MSH-4",
    "MSH-7",
    "MSH-9.1",
    "MSH-9.2",
    "MSH-10",
    "MSH-12",
    "PID-3.1",
    "PID-3(2).1",
    "PID-5.1",
    "PID-5.2",
    "PID-7",
    "PID-8",
    "PV1-2",
    "PV1-19.1",
]


def no_condition(*_: object) -> tuple[Callable[[Scope], bool], int]:
    """These paths have no filters."""
    raise NotImplementedError


def reader() -> Callable[[bytes], list[object]]:
    """Parses and reads as a channel does."""
    found = [paths.match(path, 0, Shape(format="hl7v2"), no_condition) for path in READS]
    reads = [one.read for one in found if one is not None]
    reading = Reading()

    def read(raw: bytes) -> list[object]:
        scope = Scope(parse(raw, reading), None)
        return [one(scope) for one in reads]

    return read


def with_python_hl7(raw: bytes) -> list[object]:
    """The same reads through python-hl7."""
    message = hl7.parse(raw.decode())
    found: list[object] = []
    for path in READS:
        segment, _, rest = path.partition("-")
        field, _, component = rest.partition(".")
        number, _, repetition = field.partition("(")
        whole = message.segment(segment)
        try:
            one = whole(int(number))(int(repetition.rstrip(")") or 1))
            found.append(str(one(int(component or 1)) if component else one))
        except (IndexError, hl7.HL7Exception):
            found.append(None)
    return found


def microseconds(call: Callable[[], object], times: int) -> float:
    """The best of five runs."""
    return min(timeit.repeat(call, number=times, repeat=5)) / times * 1e6


def main() -> None:
    """Print the figures."""
    raw = SAMPLE.read_bytes()
    read, receipt, reading = reader(), Receipt(id=1, verdict=Verdict.ACCEPTED), Reading()
    print(f"{SAMPLE.name}: {len(raw)} bytes, {raw.count(13)} segments, {len(READS)} reads")
    ours = microseconds(lambda: read(raw), 3000)
    theirs = microseconds(lambda: with_python_hl7(raw), 50)
    print(f"parse and reads       {ours:8.1f} us")
    print(f"  python-hl7          {theirs:8.1f} us   {theirs / ours:.0f} times as much")
    print(f"parse alone           {microseconds(lambda: parse(raw, reading), 3000):8.1f} us")
    print(f"is it a batch         {microseconds(lambda: parts(raw, reading), 3000):8.1f} us")
    answer = microseconds(lambda: acknowledge(raw, receipt, reading, 1.8e9), 3000)
    print(f"acknowledge           {answer:8.1f} us")


if __name__ == "__main__":
    main()
