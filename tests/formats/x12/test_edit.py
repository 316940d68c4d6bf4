"""Interchanges edited in place: what no rule names stays, byte for byte; counts are made again."""

from __future__ import annotations

from typing import Any

import pytest
from interchanges import CLAIM, MESSAGE, ORDER, READING, condition, lines, match

from engine.errors import MessageError
from engine.formats import PathProblem, Scope, Shape, x12

SPACED = b"\xef\xbb\xbf" + ORDER.replace(b"~", b" ~\r\n\t").replace(b" ~", b"~")


def changes(raw: bytes, edited: bytes) -> tuple[set[str], set[str]]:
    """Segments that are no longer there, and those that are new."""
    was, now = lines(raw.replace(b"\r", b"")), lines(edited.replace(b"\r", b""))
    return set(was) - set(now), set(now) - set(was)


def edit(raw: bytes, *steps: tuple[Any, ...]) -> bytes:
    document = x12.parse(raw, READING)
    editor, scope = document.edit(), Scope(document, None)
    for place, *value in steps:
        target = x12.paths.target(place, MESSAGE, condition)
        if value:
            target.set(editor, scope, value[0])
        else:
            target.remove(editor, scope)
    editor.document()
    rendered: bytes = editor.render()
    return rendered


@pytest.mark.parametrize("raw", [ORDER, SPACED], ids=["plain", "spaced"])
def test_one_element_changes_and_nothing_else(raw: bytes) -> None:
    assert edit(raw, ("BEG03", "NEW")) == raw.replace(b"PO4711", b"NEW")
    assert edit(raw, ('REF[.01 == "DP"]02', "OR4")) == raw.replace(b"OR3", b"OR4")
    assert edit(raw, ('N1[.01 == "ST"]/N301', "9 Road")) == raw.replace(
        b"1 Hill Road", b"9 Road"
    )
    assert edit(raw, ("PO1[2]04", "20.50")) == raw.replace(b"19.95", b"20.5")
    assert edit(raw, ("ISA06", "ME")) == raw.replace(b"*HOSPITAL       *", b"*ME             *")


def test_a_component_and_a_repetition() -> None:
    assert edit(CLAIM, ("CLM05-3", "7")) == CLAIM.replace(
        b"11:B:1*Y*A*Y*Y~REF", b"11:B:7*Y*A*Y*Y~REF"
    )
    assert b"BEG*00*SA^NE*" in edit(ORDER, ("BEG02(2)", "NE"))
    assert edit(CLAIM, ("SV101-3",)) == CLAIM.replace(b"HC:99213:25", b"HC:99213")


def test_what_a_filter_does_not_find_changes_nothing() -> None:
    assert edit(ORDER, ('REF[.01 == "ZZ"]02', "X")) == ORDER
    assert edit(ORDER, ("NTE02", "X")) == ORDER


@pytest.mark.parametrize("raw", [ORDER, SPACED], ids=["plain", "spaced"])
def test_a_loop_leaves_and_the_counts_are_made_again(raw: bytes) -> None:
    gone, new = changes(raw, edit(raw, ("PO1[2]",)))
    assert {one.strip() for one in new} == {"CTT*1", "SE*15*0001"}
    assert {one.strip() for one in gone} == {
        "PO1*2*4*BX*19.95**VN*V-2", "PID*F****Suture 3-0", "N1*SF*Warehouse East", "CTT*2",
        "SE*18*0001",
    }  # fmt: skip


def test_a_total_that_was_wrong_before_is_left_alone() -> None:
    wrong = ORDER.replace(b"CTT*2", b"CTT*99")
    assert b"CTT*99" in edit(wrong, ("PO1[2]",))


def test_a_whole_set_leaves_and_its_group_with_it() -> None:
    document = x12.parse(ORDER, READING)
    editor = document.edit()
    editor.drop(editor.behind(document.loops.sets[0].segments()))
    assert lines(editor.render())[1:] == ["IEA*0*000000017"]


def test_a_segment_is_added_in_its_place() -> None:
    for raw in (ORDER, SPACED):
        document = x12.parse(raw, READING)
        editor = document.edit()
        made = editor.new("NTE")
        x12.paths.target("NTE02", MESSAGE, condition).set(
            editor, Scope(made, None), "Call first"
        )
        editor.place([(made, None)], after="REF")
        now = editor.document()
        names = [segment.name for segment in now.segments]
        assert names[names.index("NTE") - 1 : names.index("NTE") + 2] == ["REF", "NTE", "DTM"]
        assert {one.strip() for one in changes(raw, editor.render())[1]} == {
            "NTE**Call first",
            "SE*19*0001",
        }


def test_a_segment_is_added_to_each_loop() -> None:
    document = x12.parse(ORDER, READING)
    editor, outer = document.edit(), match("PO1")
    made = []
    for thing in outer.nodes(Scope(document, None)):
        new = editor.new("MSG")
        new.line.write(1, "checked")
        made.append((new, Scope(thing, None, thing, 1)))
    editor.place(made)
    names = [segment.name for segment in editor.document().segments]
    assert (
        names[-9:] == ["PO1", "PID", "N1", "MSG", "CTT", "SE", "GE", "IEA"][-9:]
        or names.count("MSG") == 2
    )
    assert [names[at - 1] for at, name in enumerate(names) if name == "MSG"] == ["DTM", "N1"]


def test_things_are_numbered_in_the_loop_around_them() -> None:
    document = x12.parse(CLAIM, READING)
    editor = document.edit()
    walked = editor.walk(match("2400").nodes, Scope(document, None))
    assert [number for number, _ in walked] == [1, 2, 1]
    editor.drop(editor.behind(walked[0][1].segments()))
    left = editor.walk(match("2400").nodes, Scope(document, None))
    assert [number for number, _ in left] == [1, 1]


def test_inside_an_each_a_place_is_that_of_the_thing() -> None:
    document = x12.parse(ORDER, READING)
    editor, outer = document.edit(), match("PO1")
    target = x12.paths.target("PO103", outer.shape, condition)
    below = x12.paths.target(".04", outer.shape, condition)
    for at, thing in enumerate(outer.nodes(Scope(document, None)), 1):
        scope = Scope(thing, None, thing, at)
        target.set(editor, scope, f"U{at}")
        below.set(editor, scope, str(at))
    assert [one for one in lines(editor.render()) if one.startswith("PO1")] == [
        "PO1*1*10*U1*1**VN*V-1*UP*0001",
        "PO1*2*4*U2*2**VN*V-2",
    ]


@pytest.mark.parametrize("value", ["A*B", "A~B", "A:B", "A^B", "A\nB"])
def test_a_delimiter_is_refused_and_never_told(value: str) -> None:
    with pytest.raises(MessageError) as caught:
        edit(ORDER, ("BEG03", value))
    assert caught.value.path == "BEG03"
    assert value not in str(caught.value)


def test_elements_are_copied_into_other_delimiters() -> None:
    source = Scope(x12.parse(CLAIM.replace(b":", b">"), READING), None)
    found = match("SV101").nodes(source)
    assert b"SV1*HC:99213:25*80" in edit(CLAIM.replace(b"99213:25", b"1"), ("SV101", found))


@pytest.mark.parametrize("place", ["SE01", "IEA01", "ISA16", "nonsense", "BEG03 x"])
def test_counts_and_delimiters_are_no_places(place: str) -> None:
    with pytest.raises(PathProblem):
        x12.paths.target(place, Shape(format="x12"), condition)
