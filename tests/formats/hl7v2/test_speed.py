"""What a message may cost. The bound is generous: bench/hl7_reads.py prints the figure."""

from __future__ import annotations

import subprocess
import sys
import time
import timeit
from pathlib import Path
from typing import Any

import pytest

from engine.formats import Reading, Scope, Shape
from engine.formats.hl7v2 import parse, paths, structure
from engine.message import Context, Facts, Inbound

SAMPLE = Path(__file__).parents[3] / "samples/hl7v2/adt_a01_full.hl7"
READS = ["MSH-3", "MSH-9.1", "MSH-9.2", "MSH-10", "PID-3.1", "PID-3(2).1", "PID-5.1", "PID-5.2"]
READS += ["PID-7", "PID-8", "PID-18.1", "PV1-2", "PV1-3.1", "PV1-19.1", "DG1-3.1"]


def test_parse_and_fifteen_reads_are_quick() -> None:
    raw, reading = SAMPLE.read_bytes(), Reading()
    matches = [paths.match(path, 0, Shape(format="hl7v2"), lambda *_: None) for path in READS]  # type: ignore[arg-type]
    reads = [match.read for match in matches if match is not None]

    def once() -> None:
        scope = Scope(parse(raw, reading), None)
        for read in reads:
            read(scope)

    assert len(reads) == 15
    assert (
        min(timeit.repeat(once, number=500, repeat=9, timer=time.process_time)) / 500 < 120e-6
    )


def test_groups_are_known_quickly_after_the_start() -> None:
    code = (
        "import time; from engine.formats.hl7v2.structures import structure, segment_names\n"
        "start = time.perf_counter(); segment_names(); structure('DFT_P03')\n"
        "print(time.perf_counter() - start)"
    )
    taken = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert float(taken.stdout) < 0.1


def test_a_long_message_takes_no_longer_than_it_must() -> None:
    head = b"MSH|^~\\&|A|B|C|D|2026||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||7\rOBR|1\r"
    raw = head + b"OBX|1|ST|a^b||value\rNTE|1||x\r" * 20_000
    document = parse(raw, Reading())
    taken = min(timeit.repeat(lambda: parse(raw, Reading()), number=1, repeat=3))
    assert taken < 1.0
    grouped = timeit.timeit(lambda: document.groups.of(document.segments[-1]), number=1)
    assert grouped < 3.0


@pytest.mark.slow
@pytest.mark.alone
def test_walking_thousands_of_segments_takes_time_in_proportion() -> None:
    shape = Shape(format="hl7v2")
    every = paths.match("OBX", 0, shape, lambda *_: None)  # type: ignore[arg-type]
    assert every is not None
    assert every.nodes is not None
    assert every.shape is not None
    inner = [
        match.read
        for path in ("OBX-5", "PID-3.1", "NTE-3", "PV1-2", "ZXX-1")
        if (match := paths.match(path, 0, every.shape, lambda *_: None)) is not None  # type: ignore[arg-type]
    ]
    for kind in ("ORU^R01", "ADT^A08", "ZZZ^Z01"):
        head = f"MSH|^~\\&|A|B|C|D|2026||{kind}|1|P|2.5.1\rPID|1||7\rPV1|1|I\rOBR|1\r"
        scope = Scope(parse((head + "OBX|1|ST|a||v\r" * 10_000).encode(), Reading()), None)

        def walk(scope: Scope = scope) -> None:
            for index, node in enumerate(every.nodes(scope), 1):  # type: ignore[misc]
                inside = scope.child(node, index, node)
                assert [read(inside) for read in inner] == ["v", "7", None, "I", None]

        assert timeit.timeit(walk, number=1) < 3.0


def test_taking_out_thousands_of_segments_one_by_one() -> None:
    head = "MSH|^~\\&|A|B|C|D|2026||ORU^R01|1|P|2.5.1\rPID|1||7\rOBR|1\r"
    document = parse((head + "OBX|1|ST|a||v\r" * 10_000).encode(), Reading())
    every = paths.match("OBX", 0, Shape(format="hl7v2"), lambda *_: None)  # type: ignore[arg-type]
    assert every is not None
    assert every.nodes is not None
    assert every.shape is not None
    target = paths.target("OBX", every.shape, lambda *_: None)  # type: ignore[arg-type]
    editor, scope = document.edit(), Scope(document, None)

    def all_but_one() -> None:
        for index, node in enumerate(every.nodes(scope)[1:], 1):  # type: ignore[misc]
            target.remove(editor, scope.child(node, index, node))

    assert timeit.timeit(all_but_one, number=1) < 2.0
    assert editor.render().decode() == head + "OBX|1|ST|a||v\r"


def test_a_message_of_fifteen_fields_is_built_quickly() -> None:
    level = structure("2.3/ADT_A08")
    fields = "EVN-2 PID-1 PID-3.1 PID-3.4 PID-3.5 PID-5.1 PID-5.2 PID-7 PID-8 PID-11.1 PID-11.3 PID-18.1"
    places = [
        level.place(path, never) for path in [*fields.split(), "PV1-2", "PV1-3.1", "ZPV-1"]
    ]
    given = Facts(inbound=Inbound(raw=b"", received_at=0.0), context=Context(now=0.0, id=7))
    scope = Scope(None, None)

    def once() -> None:
        message = level.new(given)
        for place in places:
            place.set(message, scope, "a value")
        message.render()
        message.document()

    assert len(places) == 15
    assert (
        min(timeit.repeat(once, number=200, repeat=9, timer=time.process_time)) / 200 < 200e-6
    )


def never(text: str, at: int, shape: Shape) -> Any:
    raise AssertionError(text)
