"""What guides and the standard ask of elements: read from the maps, one by one, and at their places."""

from __future__ import annotations

import pytest
from interchanges import CLAIM, READING, interchange

from engine.edi import dictionary
from engine.edi.document import Segment
from engine.edi.maps import LoopPart, guide, heads, named, resolve
from engine.edi.marks import Marks
from engine.edi.rules import CODES, broken, item_rules, note_rules
from engine.formats import x12

MARKS = Marks()


def found(rules: str, line: str) -> list[tuple[str, int, int, int]]:
    segment = Segment(line, line.partition("*")[0], 0, MARKS, 0)
    return list(broken(item_rules(rules), segment))


@pytest.mark.parametrize(
    ("rules", "good", "bad", "told"),
    [
        ("!?!", "N1*A**C", "N1*A*B", ("1", 3, 0, 0)),
        ("!-!", "N1*A**C", "N1*A*B*C", ("I10", 2, 0, 0)),
        ("!?", "N1*A*B***", "N1*A*B**D", ("I10", 4, 0, 0)),
        (".2(A|B)", "N1**B", "N1**C", ("7", 2, 0, 0)),
        (".2(A|B)", "N1**A^B", "N1**A^C", ("7", 2, 0, 0)),
        (".2..3(A)", "N1**A*A", "N1**A*B", ("7", 3, 0, 0)),
        (".1-2(B)", "CLM*11:B", "CLM*11:C", ("7", 1, 2, 0)),
        (".1/!!-?", "HI*BK:1::2^BK:2", "HI*BK:1^BK", ("1", 1, 2, 2)),
        (".1/!!", "HI*BK:1", "HI*BK:1:2", ("I10", 1, 3, 0)),
        (".1/!!", "HI**BK", "HI*BK", ("1", 1, 2, 0)),
        ("P0203", "X*", "X**A", ("2", 3, 0, 0)),
        ("R0102", "X**A", "X***A", ("2", 1, 0, 0)),
        ("E0102", "X**A", "X*A*B", ("10", 2, 0, 0)),
        ("C0102", "X**A", "X*A", ("2", 2, 0, 0)),
        ("L010203", "X*A**C", "X*A", ("2", 2, 0, 0)),
        ("D0102", "X*RD8*20260101-20260131", "X*RD8*20260101", ("8", 2, 0, 0)),
        ("D0102", "X*TM*0930", "X*TM*2560", ("9", 2, 0, 0)),
        ("D0102", "X*DT*202602281200", "X*DT*202602291200", ("8", 2, 0, 0)),
        ("N0102=XX", "X*24*12", "X*XX*1234567890", ("I12", 2, 0, 0)),
        (".1(npi)", "X*1234567893", "X*123456789X", ("I12", 1, 0, 0)),
        ("Z0102", "X*H0H*CA", "X*7520", ("I12", 1, 0, 0)),
        (".1(zip9)", "X*752010001", "X*75201", ("I12", 1, 0, 0)),
        (".1(date)", "X*20260105", "X*20260231", ("8", 1, 0, 0)),
    ],
)  # fmt: skip
def test_a_rule(rules: str, good: str, bad: str, told: tuple[str, int, int, int]) -> None:
    assert found(rules, good) == []
    assert found(rules, bad) == [told]
    assert all(rule.code in CODES.values() for rule in item_rules(rules))


def test_every_map_stands_and_asks_only_for_what_the_standard_has() -> None:
    for file in heads():
        _ask(guide(file).root, file)
    for name, described in dictionary.segments().items():
        for rule in described.rules:
            slots = described.slots[rule.inside - 1].parts if rule.inside else described.slots
            assert max(rule.places) <= len(slots), name


def _ask(loop: LoopPart, file: str) -> None:
    for item in loop.items:
        if isinstance(item, LoopPart):
            _ask(item, file)
            continue
        described = dictionary.segments().get(item.name)
        for rule in item.rules if described is not None else ():
            assert described is not None
            slots = described.slots[rule.inside - 1].parts if rule.inside else described.slots
            assert max(rule.places) <= len(slots), (file, loop.name, item.name, rule)


@pytest.mark.parametrize(
    ("set_", "versions"),
    [
        ("837", "004010X096A1 004010X097A1 004010X098A1 005010X222A1 005010X223A2 005010X224A2"),
        ("835", "004010X091A1 005010X221A1"),
        ("270", "004010X092A1 005010X279A1"),
        ("271", "004010X092A1 005010X279A1"),
        ("276", "004010X093A1 005010X212"),
        ("277", "004010X093A1 005010X212 005010X214"),
        ("278", "004010X094A1 005010X217"),
        ("834", "004010X095A1 005010X220A1"),
        ("820", "004010X061A1 005010X218"),
        ("999", "005010X231 005010X231A1"),
        *[(one, "004010 005010") for one in ["810", "824", "832", "846", "850", "852", "855", "856", "860", "865", "867", "997"]],
    ],
)  # fmt: skip
def test_the_sets_that_are_known(set_: str, versions: str) -> None:
    for version in versions.split():
        found, exact = resolve(set_, version)
        assert found is not None
        assert exact, (set_, version)
        assert named(f"{version}/{found.name}") == (found, version)


def test_a_place_has_its_own_rules() -> None:
    claim, _ = resolve("837", "005010X222A1")
    assert claim is not None
    document = x12.parse(CLAIM, READING)
    loops = document.loops
    for segment in document.segments[2:-3]:
        part = loops.places[segment.position]
        assert part is not None
        assert list(broken(part.rules, segment)) == [], segment.line
    clm = document.index["CLM"][0]
    part = loops.places[clm.position]
    assert part is not None
    for was, now, told in [
        ("11:B:1", "11:A:1", ("7", 5, 2, 0)),
        ("*120*", "**", ("1", 2, 0, 0)),
        ("*120**", "*120*CI*", ("I10", 3, 0, 0)),
    ]:
        wrong = Segment(clm.line.replace(was, now), "CLM", 0, clm.marks, 0)
        assert list(broken(part.rules, wrong)) == [told]


def test_the_notes_of_the_standard_hold_in_every_set() -> None:
    rules = dictionary.segments()["PO1"].rules
    assert rules == note_rules(
        "C0302 C0504 " + " ".join(f"P{n:02d}{n + 1:02d}" for n in range(6, 25, 2))
    )
    order = interchange("ST*850*0001", "BEG*00*SA*P**20260105", "PO1*1**EA*2.5**VN", "CTT*1")
    (line,) = x12.parse(order, READING).index["PO1"]
    assert list(broken(rules, line)) == [("2", 2, 0, 0), ("2", 7, 0, 0)]
