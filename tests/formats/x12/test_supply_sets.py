"""865, 867, 852, 824 and TA1: read by paths, split, checked and built."""

from __future__ import annotations

from typing import Any

import pytest
from interchanges import READING, condition, facts, interchange, isa, lines, read

from engine.formats import Scope, x12

CHANGE = (
    "ST*865*0001",
    "BCA*00*AC*PO4711***20260105****20260106",
    "REF*CO*C-77",
    "N1*ST*Main Campus*92*100",
    "N4*Dallas*TX*75201",
    "POC*1*QI*10*4*EA*2.5**VN*V-1",
    "PID*F****Gloves, sterile",
    "ACK*IQ*4*EA*068*20260112",
    "POC*2*DI*5**EA*9.75**VN*V-2",
    "ACK*ID*0*EA",
    "CTT*2",
)
RESALE = (
    "ST*867*0001",
    "BPT*00*R-1*20260131*SS",
    "DTM*090*20260101",
    "N1*DB*DISTRIBUTOR*91*D1",
    "PTD*SS***CO*C-77",
    "DTM*011*20260115",
    "N1*ST*Main Campus*92*100",
    "N4*Dallas*TX*75201",
    "SII*UP*0001*1*EA*2.5",
    "QTY*32*12*EA",
    "LIN*1*VN*V-1*LT*L9",
    "UIT*EA*2.5",
    "PTD*SD",
    "N1*ST*North Campus*92*200",
    "QTY*76*2*EA",
    "LIN*2*VN*V-2",
    "CTT*2",
)
ACTIVITY = (
    "ST*852*0001",
    "XQ*H*20260101*20260107",
    "N9*DP*OR3",
    "N1*ST*Main Campus*92*100",
    "LIN*1*VN*V-1*UP*0001",
    "ZA*QS*12*EA",
    "SDQ*EA*92*100*8*200*4",
    "ZA*QA*40*EA",
    "LIN*2*VN*V-2",
    "ZA*QS*3*EA",
    "CTT*2",
)
ADVICE = (
    "ST*824*0001",
    "BGN*11*A-1*20260106*0930",
    "N1*FR*SUPPLIER*92*S1",
    "OTI*TR*TN*PO4711**HOSPITAL*20260105*0930*17*0001*850",
    "REF*PO*PO4711",
    "TED*007*no such item*PO1*9*7:1*234*V-9",
    "NTE**the item is not in the catalogue",
    "OTI*TA*TN*PO4712",
)


def sent(group: str, version: str, segments: tuple[str, ...]) -> bytes:
    return interchange(*segments, group=group, version=version)


@pytest.mark.parametrize("version", ["004010", "005010"])
@pytest.mark.parametrize(
    ("group", "segments", "wanted", "by", "parts"),
    [
        ("CA", CHANGE, {"BCA03": "PO4711", "POC/ACK/ACK01": "IQ", "CTT01": "2"}, "POC", 2),
        ("PT", RESALE, {"BPT04": "SS", "PTD/N1/SII/SII02": "0001", "PTD/QTY/LIN03": "V-1"}, "PTD", 2),
        ("PD", ACTIVITY, {"XQ03": "20260107", "LIN/ZA/SDQ04": "8", "LIN05": "0001"}, "LIN", 2),
        ("AG", ADVICE, {"OTI/OTI03": "PO4711", "OTI/TED/TED05-1": "7", "OTI/TED/NTE02": "the item is not in the catalogue"}, "OTI", 2),
    ],
)  # fmt: skip
def test_a_set_is_read_split_and_checked(
    version: str,
    group: str,
    segments: tuple[str, ...],
    wanted: dict[str, str],
    by: str,
    parts: int,
) -> None:
    raw = sent(group, version, segments)
    document = x12.parse(raw, READING)
    assert all(place is not None for place in document.loops.places[2:-2])
    assert {path: read(raw, path) for path in wanted} == wanted
    assert list(x12.check(document, "balance")) == []
    made = [x12.parse(part, READING) for part in x12.split(raw, READING, by)]
    assert len(made) == parts
    for part in made:
        assert list(x12.check(part, "balance")) == []
    lost = raw.replace(segments[1].encode() + b"~", b"")
    assert ("3", segments[1].partition("*")[0]) in [
        (fault.code, fault.name) for fault in x12.check(x12.parse(lost, READING), "guide")
    ]


class Build:
    def __init__(self, structure: Any, at: Any) -> None:
        self.structure, self.at = structure, at

    def set(self, places: dict[str, str]) -> Build:
        for text, said in places.items():
            self.structure.place(text, condition).set(self.at, Scope(None, None), said)
        return self

    def add(self, name: str, places: dict[str, str]) -> Build:
        return Build(self.structure.group(name), self.at.group(name)).set(places)


@pytest.mark.parametrize(
    ("name", "head", "loops", "expected"),
    [
        (
            "005010/865",
            {"BCA01": "00", "BCA02": "AC", "BCA03": "P", "BCA06": "20260105"},
            [("POC", {"POC01": "1", "POC02": "QI"}), ("ACK", {"ACK01": "IQ"})],
            ["BCA*00*AC*P***20260105", "POC*1*QI", "ACK*IQ", "CTT*1"],
        ),
        (
            "004010/867",
            {"BPT01": "00", "BPT03": "20260105"},
            [("PTD", {"PTD01": "SS"}), ("QTY", {"QTY01": "32", "QTY02": "3", "LIN02": "VN", "LIN03": "V"})],
            ["BPT*00**20260105", "PTD*SS", "QTY*32*3", "LIN**VN*V", "CTT*1"],
        ),
        (
            "004010/852",
            {"XQ01": "H", "XQ02": "20260105"},
            [("LIN", {"LIN02": "VN", "LIN03": "V"}), ("ZA", {"ZA01": "QS", "ZA02": "3", "ZA03": "EA"})],
            ["XQ*H*20260105", "LIN**VN*V", "ZA*QS*3*EA", "CTT*1"],
        ),
        (
            "004010/824",
            {"BGN01": "11", "BGN02": "A", "BGN03": "20260105"},
            [("OTI", {"OTI01": "TR", "OTI02": "TN", "OTI03": "P"}), ("TED", {"TED01": "007", "NTE02": "no"})],
            ["BGN*11*A*20260105", "OTI*TR*TN*P", "TED*007", "NTE**no"],
        ),
    ],
)  # fmt: skip
def test_a_set_is_built(
    name: str,
    head: dict[str, str],
    loops: list[tuple[str, dict[str, str]]],
    expected: list[str],
) -> None:
    structure = x12.structure(name)
    build = Build(structure, structure.new(facts())).set(head)
    inner = build
    for loop, places in loops:
        inner = inner.add(loop, places)
    made = [line for line in lines(build.at.render()) if line[:3] not in ("ISA", "IEA")]
    assert [line for line in made[2:-2] if line[:3] != "CTT"] == [
        line for line in expected if line[:3] != "CTT"
    ]
    assert list(x12.check(x12.parse(build.at.render(), READING), "guide")) == []


def test_an_acknowledgement_of_the_envelope_stands_outside_the_sets() -> None:
    raw = (isa() + "TA1*000000042*260105*0930*R*025~IEA*0*000000017~").encode()
    assert read(raw, "TA104") == "R"
    assert read(raw, "TA105") == "025"
    assert list(x12.check(x12.parse(raw, READING), "guide")) == []
