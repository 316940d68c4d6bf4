"""
How long HL7 v2 takes to become a Bundle of FHIR R4 on one core: read, made, validated and written, in microseconds each.

    python bench/fhir_convert.py [FILE...]

    ADT^A01 varied       2,000 admissions of a hospital: patients hardly come twice; doctors, beds, diagnoses and payers do
    ADT^A01 again        one admission over and over: what was made of its parts before is found each time
    DFT, ORU, SIU        varied as well

FILE: other messages instead, each over and over. Seconds are those of the processor: what the machine does besides is not counted,
but it slows the processor down. So each figure is told also as a multiple of a yardstick, a loop of plain Python that is run in
turns with it: multiples can be compared between machines and hours, microseconds cannot.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median

from hospital import Hospital

from engine.formats import Reading, load
from engine.mapping import Mapping
from engine.mapping import load as load_mapping
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes

ROOT = Path(__file__).parents[1]
ROUNDS, EACH, WARM = 16, 100, 400
#: What must be reached: 1,500 conversions a second, where a yardstick takes 70 microseconds.
MARK = 1_500
YARDSTICKS = 1 / MARK / 70e-6
_LINE = "PID|1||1000123^^^GENHOSP^MR~555443333^^^USSSA&2.16.840.1.113883.4.1&ISO^SS||Testcase^Anna^B^^Mrs^^L"


def yardstick() -> None:
    """Texts taken apart, records filled, closures called: what a mapping does, without it. Some 100 microseconds."""
    readers = [partial(_part, at) for at in range(3)]
    for _ in range(16):
        for field in _LINE.split("|"):
            parts = [*field.split("^"), "", "", ""]
            made = {str(at): read(parts) for at, read in enumerate(readers)}
            made.update({name: value.strip() for name, value in made.items() if value})


def _part(at: int, parts: list[str]) -> str:
    return parts[at]


def seconds(work: Callable[[], None], times: int) -> float:
    """Of the processor, for one time."""
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times


def measured(converting: Mapping, messages: Iterator[bytes]) -> tuple[float, float]:
    """Seconds of one conversion, in the best round; and how many yardsticks that is, in the middle of the rounds."""
    hl7v2, reading = load("hl7v2"), Reading()

    def convert() -> None:
        raw = next(messages)
        facts = Facts(inbound=Inbound(raw=raw, received_at=0.0), context=Context(now=0.0))
        converting.apply(hl7v2.parse(raw, reading), facts)

    seconds(convert, WARM)
    rounds = []
    for _ in range(ROUNDS):
        before = seconds(yardstick, 40)
        taken = seconds(convert, EACH)
        rounds.append((taken, taken / min(before, seconds(yardstick, 40))))
    return min(taken for taken, _ in rounds), median(ratio for _, ratio in rounds)


def sources(files: list[str]) -> dict[str, Iterator[bytes]]:
    """The messages, by what they are called."""
    if files:
        return {name: cycle([Path(name).read_bytes()]) for name in files}
    count, hospital = WARM + ROUNDS * EACH, Hospital()
    return {
        "ADT^A01 varied": hospital.admissions(count),
        "ADT^A01 again": cycle(hospital.admissions(1)),
        "DFT^P03 varied": hospital.charges(count),
        "ORU^R01 varied, 13 OBX": hospital.results(count),
        "SIU^S12 varied": hospital.appointments(count),
    }


def main(files: list[str]) -> int:
    """Print a line for each kind of message; 1 where the first takes more yardsticks than the mark."""
    mistakes = Mistakes()
    converting = load_mapping("hl7v2_to_fhir", ROOT, mistakes)
    if converting is None:
        print(*mistakes.found, sep="\n")
        return 1
    took: list[float] = []
    for name, messages in sources(files).items():
        each, ratio = measured(
            converting, iter(list(messages)) if "varied" in name else messages
        )
        took.append(ratio)
        print(f"{name:<28} {each * 1e6:8.0f} us {1 / each:8.0f}/s {ratio:8.2f} yardsticks  (mark {MARK}/s, {YARDSTICKS:.1f})")  # fmt: skip
    return int(took[0] > YARDSTICKS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
