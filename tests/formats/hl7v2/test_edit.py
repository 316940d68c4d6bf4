"""Editing in place: what no rule names stays byte for byte."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MessageError
from engine.formats import NULL, PathProblem, Reading, Scope, Shape
from engine.formats.hl7v2 import parse, paths

RAW = (
    "MSH|^~\\&|POU|OR|ENG|HOSP|20260101||ORU^R01^ORU_R01|C-1|P|2.5.1\r"
    "PID|1||10^^^HOSP&1.2&ISO^MR~20^^^STATE^PI||DOE\\Zx\\^JANE||1980|F\r"
    "OBX|1|NM|a||1|mm|||||X\r"
    "OBX|2|NM|b||2|mm|||||F||\r"
    "ZPD|x\r"
)


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        ("MSH-12", "2.3", "|2.5.1\r", "|2.3\r"),
        ("PID-3.1", "11", "|10^", "|11^"),
        ("PID-3(2).1", "21", "~20^", "~21^"),
        ("PID-3(2).4", "A&B", "^STATE^", "^A\\T\\B^"),
        ("PID-3.4.2", "9", "&1.2&", "&9&"),
        ("PID-3(*).5", "XX", "^MR~20^^^STATE^PI", "^XX~20^^^STATE^XX"),
        ('PID-3[.5 == "PI"].4', "S", "^STATE^", "^S^"),
        ('PID-3[.5 == "NO"].4', "S", "", ""),
        ("PID-9(*).6", "US", "", ""),
        ("PID-3(3).1", "30", "^PI||", "^PI~30||"),
        ("PID-3", "7", "10^^^HOSP&1.2&ISO^MR~20^^^STATE^PI", "7"),
        ("PID-3(1)", "7", "10^^^HOSP&1.2&ISO^MR", "7"),
        ("PID-8", NULL, "|F\r", '|""\r'),
        ("PID-8", None, "|F\r", "|\r"),
        ("PID-10", "x", "|F\r", "|F||x\r"),
        ("PID-10.2", "x", "|F\r", "|F||^x\r"),
        ("PID-10.2.3", "x", "|F\r", "|F||^&&x\r"),
        ("PID-10", None, "", ""),
        ("PID-10.2", None, "", ""),
        ("PID-3(3).1", None, "", ""),
        ("PID-5.2", "a|b\r\nc", "^JANE", "^a\\F\\b\\.br\\c"),
        ("OBX-11", "P", "|X\r", "|P\r"),
        ("OBX[2]-11", "P", "|F||\r", "|P||\r"),
        ("OBX[*]-2", "ST", "|NM|", "|ST|"),
        ('OBX[.11 == "F"]-5', "9", "||2|", "||9|"),
        ('OBX[.11 == "Q"]-5', "9", "", ""),
        ("PV1-2", "I", "", ""),
        ("ZPD-3", "y", "|x\r", "|x||y\r"),
    ],
)
def test_one_place_is_written_and_nothing_else(
    hl7: Any, path: str, value: Any, old: str, new: str
) -> None:
    assert hl7.set(RAW, path, value).decode() == RAW.replace(old, new)


@pytest.mark.parametrize("start", ["\ufeff", "\n \r\n"])
@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_line_ends_and_what_stands_before_stay(hl7: Any, start: str, end: str) -> None:
    raw = start + RAW.replace("\r", end)
    assert hl7.set(raw, "PID-3.1", "11").decode() == raw.replace("|10^", "|11^")
    assert hl7.set(raw.rstrip("\r\n"), "ZPD-1", "y").decode() == raw.replace("|x", "|y").rstrip(
        "\r\n"
    )


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("ZPD", "ZPD|x\r", ""),
        ("OBX", "OBX|1|NM|a||1|mm|||||X\rOBX|2|NM|b||2|mm|||||F||\r", ""),
        ("OBX[2]", "OBX|2|NM|b||2|mm|||||F||\r", ""),
        ('OBX[.11 == "X"]', "OBX|1|NM|a||1|mm|||||X\r", ""),
        ("PID-3(1)", "10^^^HOSP&1.2&ISO^MR~", ""),
        ('PID-3[.5 == "PI"]', "~20^^^STATE^PI", ""),
        ("PID-3(*)", "10^^^HOSP&1.2&ISO^MR~20^^^STATE^PI", ""),
        ("PID-5.2", "^JANE", ""),
        ("PID-5.1", "DOE\\Zx\\^", "^"),
        ("PID-3.4", "^^^HOSP&1.2&ISO^MR", "^^^^MR"),
        ("PID-3.4.3", "&1.2&ISO", "&1.2"),
        ("PID-7", "|1980|", "||"),
        ("PID-99", "", ""),
        ("NTE", "", ""),
        ("MSH", "", ""),
    ],
)
def test_what_is_removed(hl7: Any, path: str, old: str, new: str) -> None:
    assert hl7.remove(RAW, path).decode() == RAW.replace(old, new)


def test_without_a_last_line_end_none_appears(hl7: Any) -> None:
    assert hl7.remove(RAW.rstrip("\r"), "ZPD").decode() == RAW.replace("\rZPD|x\r", "")


@pytest.mark.parametrize(
    ("source", "path", "written"),
    [
        ("PID-3", "ZPD-2", "10^^^HOSP&1.2&ISO^MR~20^^^STATE^PI"),
        ("PID-3(2)", "ZPD-2", "20^^^STATE^PI"),
        ("PID-3(*)", "ZPD-2", "10^^^HOSP&1.2&ISO^MR~20^^^STATE^PI"),
        ("PID-3", "ZPD-2(2)", "~10^^^HOSP&1.2&ISO^MR"),
        ("PID-3.4", "ZPD-2", "HOSP&1.2&ISO"),
        ("PID-3.4", "ZPD-2.3", "^^HOSP&1.2&ISO"),
        ("PID-3.4", "ZPD-2.3.2", "^^&HOSP"),
        ("PID-3", "ZPD-2.3", "^^10"),
        ("PID-5.1", "ZPD-2", "DOE\\Zx\\"),
        ("PID-99", "ZPD-2", None),
    ],
)
def test_things_are_copied_as_they_stand(
    hl7: Any, source: str, path: str, written: str | None
) -> None:
    nodes = hl7.compiled(source).nodes(Scope(hl7.document(RAW), None))
    expected = RAW.replace("ZPD|x", f"ZPD|x|{written}") if written else RAW
    assert hl7.set(RAW, path, list(nodes) or None).decode() == expected


def test_copied_between_delimiters(hl7: Any) -> None:
    other = "MSH#:*!%#A\rZPD#x:a%b!T!c*y!S!~\r"
    nodes = hl7.compiled("ZPD-1").nodes(Scope(hl7.document(other), None))
    written = hl7.set(RAW, "ZPD-2", nodes).decode()
    assert written.endswith("ZPD|x|x^a&b%c~y:\\R\\\r")


def test_inside_an_each_the_segment_at_hand_is_written(hl7: Any) -> None:
    document = hl7.document(RAW)
    editor, shape = document.edit(), hl7.compiled("OBX").shape
    number = paths.target("OBX-1", shape, hl7.condition)
    dotted = paths.target(".4", shape, hl7.condition)
    for scope in hl7.scopes(document, "OBX"):
        number.set(editor, scope, str(scope.index + 10))
        dotted.set(editor, scope, "s")
    assert b"OBX|11|NM|a|s|" in editor.render()
    assert b"OBX|12|NM|b|s|" in editor.render()


def test_removing_renumbering_and_adding(hl7: Any) -> None:
    document = hl7.document(RAW)
    editor, shape = document.edit(), hl7.compiled("OBX").shape
    gone = paths.target("OBX", shape, hl7.condition)
    for scope in hl7.scopes(document, "OBX"):
        if hl7.compiled("OBX-11", shape).read(scope) == "X":
            gone.remove(editor, scope)
    number = paths.target("OBX-1", shape, hl7.condition)
    for scope in hl7.scopes(editor.document(), "OBX"):
        number.set(editor, scope, str(scope.index))
    new = editor.add("ZPV", after="PID")
    made = paths.target("ZPV-2", Shape(format="hl7v2", kind="group", name="ZPV"), hl7.condition)
    made.set(editor, Scope(new, None), "v")
    editor.keep(["MSH", "PID", "ZPV", "OBX"])
    assert editor.render().decode() == (
        RAW.replace("OBX|1|NM|a||1|mm|||||X\r", "")
        .replace("OBX|2|", "OBX|1|")
        .replace("ZPD|x\r", "")
        .replace("OBX|1|", "ZPV||v\rOBX|1|")
    )
    assert hl7.read(editor.document(), "ZPV-2") == "v"


def test_a_document_of_an_edit_can_be_edited_again(hl7: Any) -> None:
    first = hl7.document(RAW).edit()
    first.add("ZNW", before="PID")
    document = first.document()
    again = document.edit()
    shape = hl7.compiled("OBX").shape
    target = paths.target("OBX-1", shape, hl7.condition)
    target.set(again, hl7.scopes(document, "OBX")[1], "7")
    assert again.render().decode() == RAW.replace("PID|", "ZNW\rPID|").replace("OBX|2", "OBX|7")


def test_an_edit_of_msh_18_writes_in_that_set(hl7: Any) -> None:
    raw = RAW.replace("DOE", "Müller").replace("|2.5.1\r", "|2.5.1||||||8859/1\r")
    written = hl7.set(raw.encode("latin-1"), "MSH-18", "UNICODE UTF-8")
    assert written == raw.replace("8859/1", "UNICODE UTF-8").encode()


def test_a_character_that_the_set_does_not_have(hl7: Any) -> None:
    with pytest.raises(MessageError) as caught:
        hl7.set(RAW, "PID-5.1", "Łukasz")
    assert caught.value.path == "PID-5"
    assert "ukasz" not in str(caught.value)
    assert b"|Lukasz^" not in hl7.set(RAW, "PID-5.1", "Łukasz", unmappable="replace")
    assert b"|?ukasz^" in hl7.set(RAW, "PID-5.1", "Łukasz", unmappable="ascii")
    assert "|Łukasz^".encode() in hl7.set(RAW, "PID-5.1", "Łukasz", encoding="utf-8")


@pytest.mark.parametrize("codec", ["shift_jis", "iso2022_jp", "euc_jp", "gb18030", "big5"])
def test_sets_in_which_one_text_has_several_forms(hl7: Any, codec: str) -> None:
    raw = RAW.replace("DOE\\Zx\\^JANE", "中田^A").replace("ZPD|x", "ZPD|中|x|中").encode(codec)
    if codec == "iso2022_jp":  # a needless shift to ASCII, which encoding anew would drop
        raw = raw.replace(b"|1980|", b"|19\x1b(B80|").replace(b"|mm|", b"|m\x1b(Bm|")
    written = hl7.set(raw, "ZPD-2", "田", encoding=codec)
    assert written == raw.replace(b"|x|", b"|" + "田".encode(codec) + b"|")
    assert hl7.set(raw, "PID-1", "2", encoding=codec) == raw.replace(b"PID|1|", b"PID|2|")


@pytest.mark.parametrize(
    ("text", "said"),
    [("MSH-1", "delimiters"), ("MSH-2", "delimiters"), ("PID-3 ", "ends"), ("x", "looks like")],
)
def test_places_that_cannot_be_written_to(hl7: Any, text: str, said: str) -> None:
    with pytest.raises(PathProblem, match=said):
        paths.target(text, hl7.message, hl7.condition)


LEAF = st.text(alphabet="ab \\|^~&é\n", max_size=6)


@given(LEAF, st.integers(1, 12), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))
def test_what_is_written_is_read_back_and_the_rest_stays(
    value: str, field: int, repetition: int, component: int, subcomponent: int
) -> None:
    path = f"ZPD-{field}({repetition}).{component}.{subcomponent}"
    document = parse(RAW.encode(), Reading(encoding="utf-8"))
    editor = document.edit()
    paths.target(path, Shape(format="hl7v2"), lambda *_: None).set(
        editor, Scope(document, None), value
    )  # type: ignore[arg-type]
    written = parse(editor.render(), Reading(encoding="utf-8"))
    match = paths.match(path, 0, Shape(format="hl7v2"), lambda *_: None)  # type: ignore[arg-type]
    assert match is not None
    assert match.read(Scope(written, None)) == (value or None)
    assert written.raw.startswith(RAW.encode()[:-6])
    assert [one.line for one in editor.document().segments] == [
        one.line for one in written.segments
    ]
