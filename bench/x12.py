"""
X12: reading and checking against pyx12 (the maps of both are read before) on the same synthetic files, in the same run.

    python bench/x12.py [--kilobytes 400] [--rounds 3]

Printed for an 837P, an 835 and an 850: MB/s of both and the ratio, best of the rounds, and whether segments, elements and
faults are the same. Both decode, split and look at each segment; validating is at guide level, with all answers.
"""

from __future__ import annotations

import argparse
import io
import logging
import time
from collections.abc import Callable
from typing import Any

from engine.formats import x12
from engine.reading import Reading

READING = Reading()
HEAD = {"HC": "005010X222A1", "HP": "005010X221A1", "PO": "004010"}


def interchange(group: str, segments: list[str]) -> str:
    """The set with its envelope."""
    version = HEAD[group]
    isa = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", "HOSPITAL".ljust(15), "ZZ"]
    newer = version.startswith("005")
    isa += ["PARTNER".ljust(15), "260105", "0930", "^" if newer else "U"]
    isa += ["00501" if newer else "00401", "000000017", "0", "P", ":"]
    lines = ["*".join(isa), f"GS*{group}*HOSPITAL*PARTNER*20260105*0930*17*X*{version}"]
    lines += [*segments, f"SE*{len(segments) + 1}*0001", "GE*1*17", "IEA*1*000000017"]
    return "~\n".join(lines) + "~\n"


def claims(size: int) -> str:
    """An 837P with claims of three lines each."""
    segments = [
        "ST*837*0001*005010X222A1", "BHT*0019*00*1*20260105*0930*CH", "NM1*41*2*SENDER*****46*S1",
        "PER*IC*DESK*TE*5550100123", "NM1*40*2*PAYER*****46*P1", "HL*1**20*1",
        "PRV*BI*PXC*207Q00000X", "NM1*85*2*CLINIC*****XX*1999999984", "N3*1 HILL ROAD",
        "N4*DALLAS*TX*752010000", "REF*EI*123456789",
    ]  # fmt: skip
    for number in range(size // 560):
        day = f"{number % 28 + 1:02d}"
        segments += [
            f"HL*{number + 2}*1*22*0", f"SBR*P*18*GRP{number % 50}******CI",
            f"NM1*IL*1*DOE{number}*ANN****MI*M{number:08d}", f"N3*{number} HILL ROAD",
            "N4*DALLAS*TX*752010000", f"DMG*D8*197001{day}*F", "NM1*PR*2*PAYER ONE*****PI*P1",
            f"CLM*C-{number}*360***11:B:1*Y*A*Y*Y", f"REF*D9*{number:09d}",
            "HI*ABK:J459*ABF:E119", "NM1*82*1*HOUSE*GREG****XX*1234567893",
            "PRV*PE*PXC*207Q00000X",
        ]  # fmt: skip
        for line in (1, 2, 3):
            segments += [f"LX*{line}", "SV1*HC:99213:25*120*UN*1***1:2"]
            segments += [f"DTP*472*D8*202601{day}", f"REF*6R*{number}-{line}"]
    return interchange("HC", segments)


def payments(size: int) -> str:
    """An 835 with claims of two services each."""
    segments = [
        "ST*835*0001", "BPR*I*1000*C*CHK************20260110", "TRN*1*77*1512345678",
        "DTM*405*20260110", "N1*PR*PAYER ONE", "N3*1 MAIN", "N4*DALLAS*TX*752010000",
        "PER*BL*DESK*TE*5550100123", "N1*PE*HOSPITAL*XX*1999999984", "LX*1",
    ]  # fmt: skip
    for number in range(size // 300):
        segments += [f"CLP*C-{number}*1*200*150*50*12*ICN{number}*11*1"]
        segments += [f"NM1*QC*1*DOE{number}*ANN****MI*M{number}", "DTM*232*20260101"]
        for _ in (1, 2):
            segments += [
                "SVC*HC:99213*100*75**1",
                "DTM*472*20260101",
                "CAS*PR*1*25",
                "AMT*B6*75",
            ]
    return interchange("HP", segments)


def orders(size: int) -> str:
    """An 850 with many lines."""
    segments = ["ST*850*0001", "BEG*00*SA*PO4711**20260105", "N1*ST*MAIN CAMPUS*92*100"]
    count = size // 75
    for number in range(1, count + 1):
        segments += [f"PO1*{number}*10*EA*2.5**VN*V-{number}*UP*{number:012d}"]
        segments += [f"PID*F****Gloves, sterile, {number}"]
    return interchange("PO", [*segments, f"CTT*{count}"])


def read_ours(text: str) -> int:
    """Segments, their elements split."""
    return sum(len(batch) for _, batch in x12.stream([text.encode()]))


def read_theirs(text: str) -> int:
    """The same by pyx12."""
    from pyx12.x12file import X12Reader  # noqa: PLC0415

    return sum(1 for _ in X12Reader(io.StringIO(text)))


def check_ours(text: str) -> bool:
    """Whether a file is good at guide level."""
    return not list(x12.check(x12.parse(text.encode(), READING), "guide"))


def check_theirs(text: str) -> bool:
    """The same by pyx12, with its 997 or 999."""
    from pyx12.params import ParamsBase  # noqa: PLC0415
    from pyx12.x12n_document import x12n_document  # noqa: PLC0415

    return bool(x12n_document(ParamsBase(), io.StringIO(text), io.StringIO(), None))


def same_elements(text: str) -> bool:
    """Whether both find the same segments and elements."""
    from pyx12.x12file import X12Reader  # noqa: PLC0415

    ours = [values for _, batch in x12.stream([text.encode()]) for values in batch]
    theirs = [
        segment.format(seg_term="", ele_term="*").split("*")
        for segment in X12Reader(io.StringIO(text))
    ]
    return [_plain(one) for one in ours[1:]] == [_plain(one) for one in theirs[1:]]


def _plain(values: list[str]) -> list[str]:
    return "*".join(value.rstrip(":") for value in values).rstrip("*").split("*")


def best(what: Callable[[str], Any], text: str, rounds: int) -> tuple[float, Any]:
    """MB/s of the best round, and the result."""
    least, result = float("inf"), None
    for _ in range(rounds):
        began = time.process_time()
        result = what(text)
        least = min(least, time.process_time() - began)
    return len(text) / least / 1e6, result


def main() -> None:
    """Print MB/s and ratios."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--kilobytes", type=int, default=400)
    words.add_argument("--rounds", type=int, default=3)
    given = words.parse_args()
    logging.disable()
    _cached_maps()
    print("           reading: ours  pyx12  ratio | validating: ours  pyx12  ratio | the same")
    for name, made in {"837P": claims, "835": payments, "850": orders}.items():
        text = made(given.kilobytes * 1000)
        ours, mine = best(read_ours, text, given.rounds)
        theirs, other = best(read_theirs, text, given.rounds)
        same = mine == other and same_elements(text)
        line = f"{name:>6} {len(text) / 1e6:4.1f} MB {ours:10.1f} {theirs:6.2f} {ours / theirs:6.1f} |"
        checked, good = best(check_ours, text, given.rounds)
        if name == "850":  # it has no map of it
            print(f"{line} {checked:16.1f}      -      - | {same and good}")
            continue
        judged, agreed = best(check_theirs, text, max(1, given.rounds - 1))
        ratio = checked / judged
        print(f"{line} {checked:16.1f} {judged:6.2f} {ratio:6.1f} | {same and good == agreed}")


def _cached_maps() -> None:
    """pyx12 reads a map for each file; here it reads it once, as we do."""
    from functools import cache  # noqa: PLC0415

    import pyx12.map_if as maps  # noqa: PLC0415

    read = maps.load_map_file
    known = cache(lambda name: read(name, _PARAMS, None))
    _PARAMS = __import__("pyx12.params", fromlist=["ParamsBase"]).ParamsBase()
    maps.load_map_file = lambda name, param, path=None: known(name)


if __name__ == "__main__":
    main()
