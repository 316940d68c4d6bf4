"""Reading, editing, splitting and building EDIFACT (ISO 9735, directories D.96A and D.01B)."""

from __future__ import annotations

from typing import Any

import pytest
from messages import GROUPED, ORDER, READING, SHAPE, condition, edited, read

from engine.errors import MessageError
from engine.formats import PathProblem, edifact
from engine.reading import Reading


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("UNB02-1", "5412345000013"),
        ("UNA01", ":+,?"),
        ("UNH02-3", "96A"),
        ("BGM02", "PO4711"),
        ('NAD[.01 == "SU"]02-1', "4012345000009"),
        ("NAD04-1", "St. Mary's Hôpital"),
        ("RFF01-2", "C-99"),
        ('SG25/RFF[.01-1 == "ON"]01-2', "X1"),
        ("SG2[1]/SG3/RFF01-2", "BE123"),
        ("SG2[2]/RFF01-2", None),
        ('qualified(QTY01, "21")', "48"),
        ('qualified(PIA02, "IN")', "B-77"),
        ('qualified(PIA02, "XX")', None),
        ('qualified(DTM01, "137")', "20261121"),
        ("LIN[1]/PRI01-2", "12.50"),
        ("SG25[2]/QTY01-2", "2.5"),
        ("SG25/IMD03-4", "Gloves 5+5 : which?"),
        ("SG25[*]/LIN03-1", ["4000862141404", "4000862141411"]),
        ("MOA01-2", "605.00"),
    ],
)
def test_a_path_reads_what_stands_there(path: str, value: Any) -> None:
    document = edifact.parse(ORDER, READING)
    assert read(path, document) == value


def test_what_a_document_says_of_itself_and_its_groups_as_things() -> None:
    document = edifact.parse(ORDER, READING)
    said = document.kind(), document.control(), document.processing(), document.codec
    assert said == ("ORDERS D96A", "REF1", "test", "iso8859-1")
    lines = document.groups("LIN")
    assert [(str(line), read("QTY01-2", line)) for line in lines] == [
        ("SG25", "48"),
        ("SG25", "2.5"),
    ]
    assert read("BGM02", lines[1]) == "PO4711"
    rows = [(place, title, value) for _, place, title, value in edifact.tree(document)]
    assert ("IMD03-4", "Description", "Gloves 5+5 : which?") in rows
    newer = edifact.parse(GROUPED, READING)
    assert read("COM01(2)-1", newer) == "123" and newer.processing() == "production"
    assert [read("BGM02", each) or read("BGM02-1", each) for each in newer.loops.sets] == [
        "R-1",
        "R-2",
    ]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "begins with UNA or UNB"),
        (b"UNA:+.? ", "six service characters"),
        (b"UNA:+.?  ORDERS", "behind UNA stands UNB"),
        (b"UNA::.? 'UNB:UNOC'", "the same"),
        (b"UNAa+.? 'UNB+UNOC:3'", "cannot be one"),
        (b"UNB+UNOF:3+\xff+B+261121:1130+1'UNZ+0+1'", "iso8859-7"),
    ],
)
def test_what_is_no_interchange_is_refused_by_name(raw: bytes, words: str) -> None:
    with pytest.raises(MessageError, match=words):
        edifact.parse(raw, READING)


@pytest.mark.parametrize(
    "raw",
    [
        ORDER,
        GROUPED,
        ORDER + GROUPED,
        b"\xef\xbb\xbf" + ORDER.decode("iso8859-1").encode().replace(b"\r\n", b"\n\t "),
        ORDER.replace(b"\r\n", b"").replace(b"PO4711", b"PO?A4711?"),
        GROUPED.replace(b"'", b"\n"),
        GROUPED.replace(b"UNB+UNOW:4", b"UNB+UNOA:1"),
    ],
    ids=["order", "grouped", "two", "bom", "needless", "lines", "old"],
)
def test_a_round_trip_gives_the_bytes_back(raw: bytes) -> None:
    document = edifact.parse(raw, READING)
    editor = document.edit()
    assert editor.render() is raw
    editor.changed()
    assert editor.render() == raw
    assert b"".join(edifact.parts(raw, READING) or [raw]) == raw


def test_an_edit_changes_what_it_names_and_the_counts() -> None:
    assert edited(ORDER, ("BGM02", "NEW")) == ORDER.replace(b"PO4711", b"NEW")
    made = edited(
        ORDER,
        ("SG25/PRI01-2", "99.5"),
        ("SG25/IMD03-4", "It's +:? new"),
        ("SG25[2]",),
    )
    expected = ORDER.replace(b"12,50", b"99,5").replace(b"CNT+2:2", b"CNT+2:1")
    expected = expected.replace(b"UNT+20", b"UNT+18")
    expected = expected.replace(b"Gloves 5?+5 ?: which??", b"It?'s ?+?:?? new")
    expected = expected.replace(b"LIN+2++4000862141411:SRV'\r\nQTY+21:2,5'\r\n", b"")
    assert made == expected
    assert edited(GROUPED, ('SG2[.01 == "XX"]',)) == GROUPED
    with pytest.raises(MessageError, match="iso8859-1"):
        edited(ORDER, ("BGM02", "Ω"))
    with pytest.raises(PathProblem, match="written by the engine"):
        edifact.paths.target("UNT01", SHAPE, condition)
    with pytest.raises(PathProblem, match="two digits"):
        edifact.paths.match("BGM-2", 0, SHAPE, condition)


def test_a_part_is_an_interchange_of_its_own() -> None:
    one, two = edifact.split(ORDER, READING, "SG25")
    assert b"CNT+2:1'\r\nUNT+18+ME001'" in one and b"LIN+2" not in one
    assert b"CNT+2:1'\r\nUNT+14+ME001'" in two and b"LIN+1" not in two
    assert two.startswith(b"UNA:+,? '\r\nUNB") and two.endswith(b"UNZ+1+REF1'\r\n")
    lined, bare = edifact.split(GROUPED, READING, "LIN")
    assert b"R-1" in lined and b"R-2" not in lined, "a message without any is a part too"
    assert b"R-2" in bare and b"R-1" not in bare
    first, second = edifact.split(GROUPED, READING, "UNH")
    assert b"R-2" not in first and second.endswith(b"UNT+6+2'UNE+1+5'UNZ+1+77'")
    for part in (one, two, first, second):
        assert not list(edifact.check(edifact.parse(part, READING)))
    wrong = ORDER.replace(b"UNT+20", b"UNT+21").replace(b"CNT+2:2", b"CNT+2:9")
    assert b"".join(edifact.split(wrong, READING, "UNH")) == wrong
    assert edifact.parts(ORDER + GROUPED, READING) == [ORDER, GROUPED]
    assert edifact.parts(ORDER, READING) is None
    assert not edifact.splits("SG28") and not edifact.splits("LIN")
    assert "no segment group" in edifact.splits("SG99")


def build(name: str, fill: dict[str, Any], *lines: dict[str, Any]) -> bytes:
    structure = edifact.structure(name)
    built = structure.new(None)
    for place, value in fill.items():
        structure.place(place, condition).set(built, None, value)
    for line in lines:
        group = built.group("LIN")
        for place, value in line.items():
            inner = structure.group("LIN")
            where = group
            if place.startswith("PRI"):
                inner, where = inner.group("PRI"), group.only("SG28")
            inner.place(place, condition).set(where, None, value)
    return built.render()


def test_a_message_is_built_in_the_order_of_its_map() -> None:
    raw = build(
        "D96A/ORDERS",
        {
            'DTM[.01-1 == "137"]01-2': "20261121",
            "BGM02": "PO?1'",
            "BGM01-1": "220",
            "UNB11": "1",
        },
        {'QTY[.01-1 == "21"]01-2': "5.50", "LIN01": "1", "PRI01-1": "AAA", "PRI01-2": "9.90"},
    )
    assert raw == (
        b"UNA:+.? 'UNB+UNOC:3+CORRIDOR+PARTNER+700101:0000+0++++++1'UNH+1+ORDERS:D:96A:UN'"
        b"BGM+220+PO???1?''DTM+137:20261121'LIN+1'QTY+21:5.5'PRI+AAA:9.9'UNS+S'CNT+2:1'"
        b"UNT+9+1'UNZ+1+0'"
    ).replace(b"PO???1?''", b"PO??1?''")
    document = edifact.parse(raw, READING)
    assert read("BGM02", document) == "PO?1'" and not list(edifact.check(document, "guide"))
    assert b"UNH+1+ORDERS:D:97A:UN'" in build(
        "D.97A/ORDERS", {"BGM02": "1", "DTM01-1": "137", "DTM01-2": "20261121"}
    )
    with pytest.raises(MessageError, match="needs this segment"):
        build("D96A/ORDERS", {"BGM02": "1"})
    with pytest.raises(MessageError, match="character set of the interchange"):
        build("D96A/ORDERS", {"UNB01-1": "UNOA", "BGM02": "é", "DTM01-1": "137"})
    with pytest.raises(LookupError, match="D96A/PRICAT"):
        edifact.structure("D96A/NOTHING")


@pytest.mark.parametrize(
    ("was", "now", "level", "said"),
    [
        (b"UNT+20+", b"UNT+19+", "syntax", "UNT01 (segment 20): the count is not the number"),
        (b"UNZ+1+REF1", b"UNZ+1+REF2", "syntax", "UNZ02: references of header and trailer"),
        (b"UNZ+1+", b"UNZ+2+", "syntax", "UNZ01: the count"),
        (b"BGM+220+PO4711+9'\r\n", b"", "syntax", "BGM (segment 1): it must have a value"),
        (
            b"PRI+AAA:12,50",
            b"PRI+AAA:,5",
            "syntax",
            "SG28/PRI01-2 (segment 13): there is no digit",
        ),
        (b"PRI+AAA:12,50", b"PRI+AAA:1A", "syntax", "the number is written wrongly [0085 19]"),
        (
            b"CUX+2:EUR",
            b"CUX+2:EURO",
            "syntax",
            "SG7/CUX01-2 (segment 8): the value is too long",
        ),
        (b"UNS+S'", b"UNS+S'\r\nBGM+1'", "syntax", "BGM (segment 18): it may not stand here"),
        (
            b"QTY+21:48'",
            b"QTY+21'",
            "syntax",
            "SG25/QTY01-2 (segment 12): it must have a value",
        ),
        (
            b"20261121:102",
            b"20261131:102",
            "guide",
            "DTM01-2 (segment 3): the value is not one",
        ),
        (b"4000862141404:SRV", b"4000862141405:SRV", "guide", "SG25/LIN03-1 (segment 9)"),
        (b"5412345000013::9", b"5412345000010::9", "guide", "SG2/NAD02-1 (segment 5)"),
        (b"CNT+2:2", b"CNT+2:3", "guide", "CNT01-2 (segment 19): the count"),
    ],
)
def test_a_fault_is_named_by_its_place_and_never_by_its_value(
    was: bytes, now: bytes, level: str, said: str
) -> None:
    assert was in ORDER
    edifact.validate(edifact.parse(ORDER, READING), "guide")
    wrong = edifact.parse(ORDER.replace(was, now, 1), READING)
    with pytest.raises(MessageError) as caught:
        edifact.validate(wrong, level)
    assert said in str(caught.value)
    for value in ("EURO", "20261131", "4000862141405", "PO4711"):
        assert value not in str(caught.value)
    if level == "guide":
        edifact.validate(wrong, "syntax")


def test_a_channel_names_the_character_set() -> None:
    raw = ORDER.decode("iso8859-1").encode()
    assert "Hôpital" in read("NAD04-1", edifact.parse(raw, Reading(encoding="utf-8")))
    loose = ORDER.replace(b"UNOC", b"UNOA")
    assert "Hôpital" in read("NAD04-1", edifact.parse(loose, READING))
