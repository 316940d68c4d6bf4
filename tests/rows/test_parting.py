"""Files into parts: each a whole file with one record in it, in order, traceable to its line; nothing half, nothing lost."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MessageError
from engine.formats import Reading, delimited, fixed
from engine.formats.delimited import Layout
from engine.formats.delimited.layout import Type, When
from engine.formats.fixed import Layout as Fixed
from engine.formats.fixed import fields
from engine.formats.fixed.layout import Record
from engine.formats.fixed.layout import Type as FixedType
from engine.formats.fixed.layout import When as FixedWhen
from engine.placed import Mistakes
from engine.placed import read as yaml
from engine.rows.snapshot import Percent, Snapshot
from engine.rows.totals import Count, Total, Trailer

TWO = ("item", "unit")


def parts(raw: bytes, layout: Any, module: Any = delimited) -> list[tuple[int, bytes]]:
    found = module.parted(raw, Reading(layout=layout), "record")
    return [(part.line, part.raw) for part in found]


def wrong(raw: bytes, layout: Any, module: Any = delimited) -> MessageError:
    with pytest.raises(MessageError) as caught:
        module.parse(raw, Reading(layout=layout))
    return caught.value


def test_each_part_has_the_line_of_columns_and_one_record() -> None:
    layout = Layout(columns=TWO, header="names", skip=1, comment="#")
    raw = b'made by\nunit,item\nEA,A1\n\n# x\n"C\nS",A2\nEA,A3'
    head = b"made by\nunit,item\n"
    assert parts(raw, layout) == [
        (3, head + b"EA,A1\n"),
        (6, head + b'"C\nS",A2\n'),
        (8, head + b"EA,A3"),
    ]


def test_a_line_that_cannot_be_read_is_a_part_of_its_own() -> None:
    layout = Layout(columns=TWO)
    found = parts(b"A1,EA\nA2\nA3,EA\n", layout)
    assert found == [(1, b"A1,EA\n"), (2, b"A2\n"), (3, b"A3,EA\n")]
    assert wrong(found[1][1], layout).code == "ragged_line"


def test_consecutive_rows_with_the_same_value_are_one_part() -> None:
    layout = Layout(columns=TWO, group_by="item")
    raw = b"A1,EA\nA1,CS\nA2,EA\nA1,BX\n,EA\n,CS\n"
    assert parts(raw, layout) == [
        (1, b"A1,EA\nA1,CS\n"),
        (3, b"A2,EA\n"),
        (4, b"A1,BX\n"),
        (5, b",EA\n"),
        (6, b",CS\n"),
    ]
    both = Layout(columns=TWO, group_by=("item", "unit"))
    assert len(parts(raw, both)) == 6


def test_a_group_that_may_lack_a_row_is_not_taken_for_a_whole_one() -> None:
    layout = Layout(columns=TWO, group_by="item")
    raw = b"A1,EA\nA1,CS\nbad\nA2,EA\nA2,CS\nA3,EA\nworse\n"
    found = parts(raw, layout)
    assert found == [(1, b"A1,EA\nA1,CS\nbad\nA2,EA\nA2,CS\n"), (6, b"A3,EA\nworse\n")]
    assert all(wrong(part, layout).code == "ragged_line" for _, part in found)
    assert parts(b"bad\nA1,EA\nA1,CS\nA2,EA\n", layout) == [
        (1, b"bad\nA1,EA\nA1,CS\n"),
        (4, b"A2,EA\n"),
    ]


@given(st.lists(st.sampled_from([b"A,1\n", b"A,2\n", b"B,1\n", b"x\n", b",1\n"]), max_size=12))
def test_no_line_is_lost_and_none_is_doubled(lines: list[bytes]) -> None:
    for layout in (Layout(columns=TWO), Layout(columns=TWO, group_by="item")):
        assert b"".join(raw for _, raw in parts(b"".join(lines), layout)) == b"".join(lines)


def test_a_large_file_is_never_held_as_parts() -> None:
    layout = Layout(columns=TWO, header="true", group_by="item")
    raw = b"item,unit\n" + b"".join(b"A%d,EA\n" % at for at in range(5_000))
    stream = delimited.split(raw, Reading(layout=layout), "record")
    next(iter(stream))
    tracemalloc.start()
    count = sum(1 for _ in stream)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 4_999
    assert peak < 50_000


# -- types and totals ---------------------------------------------------------------------------------------

TYPES = {
    "H": Type(columns=("type", "batch"), when=When(is_="H"), role="header"),
    "D": Type(columns=("type", "claim", "amount"), when=When(is_="D")),
    "L": Type(columns=("type", "code"), when=When(is_="L"), inside="D"),
    "T": Type(columns=("type", "count", "total"), when=When(is_="T"), role="trailer"),
}
CLAIMS = Layout(
    types=TYPES,
    trailer=Trailer(count=Count(is_="count"), total=Total(of="amount", is_="total")),
)
RAW = b"H,B7\nD,C1,10.50\nL,X\nL,Y\nD,C2,20\nL,Z\nT,2,30.50\n"


def test_a_part_has_its_header_its_details_and_a_trailer_of_its_own() -> None:
    assert delimited.problem(CLAIMS) is None
    found = parts(RAW, CLAIMS)
    assert found == [
        (2, b"H,B7\nD,C1,10.50\nL,X\nL,Y\nT,1,10.50\n"),
        (5, b"H,B7\nD,C2,20\nL,Z\nT,1,20\n"),
    ]
    for _, part in found:
        assert len(delimited.parse(part, Reading(layout=CLAIMS)).rows("D")) == 1


@pytest.mark.parametrize(
    ("raw", "code", "path"),
    [
        (RAW.replace(b"T,2", b"T,3"), "control_total", "count, line 7"),
        (RAW.replace(b"30.50", b"30.51"), "control_total", "total, line 7"),
        (RAW.replace(b"T,2,30.50\n", b""), "control_total", "T"),
        (RAW.replace(b"H,B7\n", b""), "missing_record", "H"),
        (RAW + b"D,C3,1\n", "misplaced_record", "line 8"),
        (RAW.replace(b"D,C2", b"H,C2"), "ragged_line", "line 5"),
        (RAW.replace(b"D,C2,20", b"H,B8"), "misplaced_record", "line 5"),
        (RAW + b"T,2,30.50\n", "misplaced_record", "line 8"),
        (RAW.replace(b"L,Z", b"Q,Z"), "unknown_record", "line 6"),
        (RAW.replace(b"20\n", b"x\n"), "bad_value", "amount"),
        (b"H,B7\nL,X\nT,0,0\n", "misplaced_record", "line 2"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_before_its_first_record(
    raw: bytes, code: str, path: str
) -> None:
    found = wrong(raw, CLAIMS)
    assert (found.code, found.path) == (code, path)
    assert "30.5" not in str(found)
    if code in ("control_total", "missing_record"):
        stream: Iterator[Any] = delimited.split(raw, Reading(layout=CLAIMS), "record")
        with pytest.raises(MessageError) as caught:
            next(stream)
        assert caught.value.code == code


def test_a_total_over_a_line_that_cannot_be_read_is_not_known() -> None:
    raw = RAW.replace(b"L,Y\n", b"L,Y,Z\n")
    with pytest.raises(MessageError) as caught:
        parts(raw, CLAIMS)
    assert (caught.value.code, caught.value.path) == ("control_total", "total, line 4")
    counting = Layout(types=TYPES, trailer=Trailer(count=Count(is_="count", of="L")))
    raw = RAW.replace(b"T,2", b"T,3").replace(b"L,Y\n", b"L,Y,Z\n")
    assert [line for line, _ in parts(raw, counting)] == [2, 5]


def test_what_is_counted_may_be_a_type_or_every_line() -> None:
    for of, count in (("L", 3), ("lines", 7), ("", 2), ("D", 2)):
        layout = Layout(types=TYPES, trailer=Trailer(count=Count(is_="count", of=of)))
        raw = RAW.replace(b"T,2", b"T,%d" % count)
        assert len(parts(raw, layout)) == 2
        for _, part in parts(raw, layout):
            delimited.parse(part, Reading(layout=layout))
        assert wrong(RAW.replace(b"T,2", b"T,9"), layout).code == "control_total"


def test_the_trailer_of_fixed_fields_is_made_anew() -> None:
    types = {
        "D": FixedType(
            fields={"type": fields.Field(length=1), "amount": fields.Field(length=6, type="zoned", decimals=2)},
            when=FixedWhen(is_="D"),
        ),
        "T": FixedType(
            fields={
                "type": fields.Field(length=1),
                "count": fields.Field(length=4),
                "total": fields.Field(length=8, type="zoned", decimals=2),
            },
            when=FixedWhen(is_="T"),
            role="trailer",
        ),
    }  # fmt: skip
    totals = Trailer(count=Count(is_="count"), total=Total(of="amount", is_="total"))
    for record, end in ((Record(), "\n"), (Record(length=13), ""), (Record(prefix="rdw"), "")):
        layout = Fixed(types=types, trailer=totals, record=record, encoding="latin-1")
        assert fixed.problem(layout) is None
        width = 13 if record.length else 0

        def whole(
            *records: str, width: int = width, end: str = end, rdw: bool = bool(record.prefix)
        ) -> bytes:
            made = [(each.ljust(width) + end).encode() for each in records]
            if rdw:
                made = [(len(each) + 4).to_bytes(2, "big") + b"\0\0" + each for each in made]
            return b"".join(made)

        raw = whole("D00125{", "D00025}", "T00020000100{")
        assert [part for _, part in parts(raw, layout, fixed)] == [
            whole("D00125{", "T00010000125{"),
            whole("D00025}", "T00010000025}"),
        ]
        assert wrong(raw.replace(b"T0002", b"T0003"), layout, fixed).code == "control_total"


# -- snapshots ----------------------------------------------------------------------------------------------

MASTER = Layout(columns=TWO, header="true", snapshot=Snapshot(key="item"))


def file(*items: str) -> bytes:
    return ("item,unit\n" + "".join(f"{item},EA\n" for item in items)).encode()


def known(raw: bytes, layout: Layout = MASTER) -> dict[str, bytes]:
    """What memory holds after a file."""
    found = delimited.parted(raw, Reading(layout=layout), "record")
    return {part.key: part.raw for part in found if part.key is not None}


def vanished(previous: dict[str, bytes], raw: bytes, layout: Layout = MASTER) -> Any:
    return delimited.snapshot(previous, raw, Reading(layout=layout))


HUNDRED = [f"A{at}" for at in range(100)]


def test_of_the_first_file_nothing_vanishes() -> None:
    assert vanished({}, file("A1", "A2")) == ()
    assert vanished({}, file()) == ()


def test_what_is_still_there_does_not_vanish() -> None:
    before = known(file("A1", "A2"))
    assert before == {"A1": file("A1"), "A2": file("A2")}
    assert vanished(before, file("A2", "A3", "A1")) == ()


def test_what_vanishes_is_a_part_with_its_bytes_of_then() -> None:
    gone = vanished(known(file(*HUNDRED)), file(*HUNDRED[1:]))
    assert [(part.key, part.raw, part.line) for part in gone] == [("A0", file("A0"), 0)]
    assert vanished(known(file(*HUNDRED)), file(*HUNDRED[5:]))[4].key == "A4"


def test_more_than_the_share_stops_the_file() -> None:
    before = known(file(*HUNDRED))
    assert len(vanished(before, file(*HUNDRED[5:]))) == 5
    with pytest.raises(MessageError) as caught:
        vanished(before, file(*HUNDRED[6:]))
    assert caught.value.code == "snapshot_stopped"
    with pytest.raises(MessageError, match="5%"):
        vanished(before, file())
    none = Layout(columns=TWO, header="true", snapshot=Snapshot(key="item", stop_at=Percent(0)))
    with pytest.raises(MessageError):
        vanished(before, file(*HUNDRED[1:]), none)
    everything = Layout(columns=TWO, header="true", snapshot=Snapshot(key="item", stop_at=Percent(100)))  # fmt: skip
    assert len(vanished(before, file(), everything)) == 100


def test_as_long_as_a_record_cannot_be_read_nothing_vanishes() -> None:
    before = known(file(*HUNDRED))
    assert vanished(before, file(*HUNDRED[1:]) + b"A0\n") == ()
    assert vanished(before, file(*HUNDRED[1:]) + b",EA\n") == ()
    with pytest.raises(MessageError, match="vanish"):
        vanished(before, file(*HUNDRED[10:]) + b"A0\n")


def test_groups_and_several_columns_are_keys_as_well() -> None:
    grouped = Layout(columns=TWO, group_by="item", snapshot=Snapshot(key="item"))
    assert known(b"A1,EA\nA1,CS\nA2,EA\n", grouped) == {
        "A1": b"A1,EA\nA1,CS\n",
        "A2": b"A2,EA\n",
    }
    both = Layout(columns=TWO, snapshot=Snapshot(key=("item", "unit")))
    assert list(known(b"A1,EA\nA1,CS\n", both)) == ["A1\x1fEA", "A1\x1fCS"]
    assert vanished(known(b"A1,EA\n"), b"", Layout(columns=TWO)) == ()


# -- layout files -------------------------------------------------------------------------------------------


def loaded(text: str, module: Any) -> tuple[Any, str]:
    mistakes = Mistakes()
    node = yaml(text, "mappings/layouts/x.yaml", mistakes)
    assert node is not None
    return module.layout("x", node, mistakes), "\n".join(map(str, mistakes))


def test_a_layout_is_read_from_its_file() -> None:
    made, mistakes = loaded(
        'columns: [item, unit]\nseparator: "\\t"\nheader: names\nskip: 1\ntrim: true\n'
        "group_by: item\nsnapshot: {key: item, stop_at: 2.5%}\n",
        delimited,
    )
    assert mistakes == ""
    assert (made.name, made.separator, made.header, made.skip) == ("x", "\t", "names", 1)
    assert made.snapshot.stop_at == Percent("2.5")
    made, mistakes = loaded(
        'types:\n  H: {when: {at: 1, is: "H"}, role: header, fields: {type: {length: 1}}}\n'
        "  D: {fields: {type: {at: 1, length: 1}, amount: {length: 5, type: packed, decimals: 2}}}\n"
        '  T: {when: {is: "T"}, role: trailer, fields: {type: {length: 1}, n: {length: 5, type: number}, sum: {length: 5, type: packed}}}\n'
        "trailer: {count: n, total: {of: amount, is: sum}}\nrecord: {length: 80}\nencoding: cp037\n",
        fixed,
    )
    assert mistakes == ""
    assert made.totals.trailer == "T"
    assert isinstance(made, Fixed)


@pytest.mark.parametrize(
    ("text", "module", "place", "problem"),
    [
        ("colums: [a]", delimited, "1:1", "did you mean 'columns'"),
        ("columns: [a, a]", delimited, "1:10", "each once"),
        ("columns: [a]\nname: x", delimited, "2:1", "no setting 'name'"),
        ("columns: [a]\nheader: nmaes", delimited, "2:9", "did you mean 'names'"),
        ("columns: [a]\ndelimiter: x", delimited, "2:1", "did you mean 'separator'"),
        ("columns: [a]\nskip: x", delimited, "2:7", "not a whole number"),
        ("columns: [a]\nskip: -1", delimited, "2:7", "a number of lines"),
        ("columns: [a]\ngroup_by: b", delimited, "2:11", "no column 'b'"),
        ("columns: [item]\nsnapshot: {key: itme}", delimited, "2:17", "did you mean 'item'"),
        ("columns: [a]\nsnapshot: {key: a, stop_at: 5}", delimited, "2:29", "written 5%"),
        ("columns: [a]\ntrailer: {count: n}", delimited, "2:10", "needs `types`"),
        ("columns: [a]\nencoding: cp037\nseparator: \"\u20ac\"", delimited, "3:12", "lacks"),
        ("columns: [a]\nend: \"\"", delimited, "2:6", "ends a line"),
        ("columns: [a]\ntypes: {D: {columns: [a]}}", delimited, "1:10", "with each type"),
        ("types: {D: {columns: [a]}, E: {columns: [a]}}", delimited, "1:31", "no `when`"),
        ("types: {D: {columns: [a], inside: Q}}", delimited, "1:8", "all are headers"),
        ("types: {D: {columns: [a]}, L: {columns: [a], inside: Q, when: {is: x}}}", delimited, "1:31", "no type 'Q'"),
        ("types: {D: {columns: [a], rol: header}}", delimited, "1:27", "did you mean 'role'"),
        ("types: {rows: {columns: [a]}}", delimited, "1:15", "another name"),
        ("[a]", delimited, "1:1", "names its columns"),
        ("fields: {a: {lenght: 3}}", fixed, "1:14", "did you mean 'length'"),
        ("fields: {a: {length: 3}, b: {at: 2, length: 1}}", fixed, "1:29", "begins inside 'a'"),
        ("fields: {a: {length: 0}}", fixed, "1:22", "at least one"),
        ("fields: {a: {length: 3, decimals: 2}}", fixed, "1:35", "type: number"),
        ("fields: {a: {length: 3, type: pakced}}", fixed, "1:31", "did you mean 'packed'"),
        ("fields: {a: {length: 3, type: packed}}", fixed, "1:31", "record: {length: 80}"),
        ("fields: {a: {length: 8, type: date}}", fixed, "1:13", "%Y%m%d"),
        ("fields: {a: {length: 8, type: date, format: \"%Q\"}}", fixed, "1:45", "%Y%m%d"),
        ("fields: {a: {length: 8}}\nrecord: {length: 5}", fixed, "1:13", "a record has 5 bytes"),
        ("fields: {a: {length: 8}}\nrecord: {length: 8, prefix: rdw}", fixed, "2:9", "not both"),
        ("fields: {a: {length: 8}}\nrecord: {length: 8}\nskip: 1", fixed, "3:7", "no lines"),
        ("fields: {}", fixed, "1:9", "names its fields"),
    ],
)  # fmt: skip
def test_mistakes_in_layouts_are_placed(
    text: str, module: Any, place: str, problem: str
) -> None:
    made, mistakes = loaded(text, module)
    assert made is None
    assert f"mappings/layouts/x.yaml:{place}" in mistakes
    assert problem in mistakes
