"""A version's file: what a CSV says is found again, day by day, and every problem is named by line and column."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

from engine.errors import CommandError, StoreError
from engine.mapping.lookups import Definition, Effective
from engine.store.tables import Changes, build, form
from engine.store.tables.changes import differences
from engine.store.tables.form import TableFile
from engine.store.tables.given import GivenTables, from_csv
from engine.store.tables.sheet import NotImported, Sheet

PLAIN = Definition(name="units", owner="supply", keys=("unit",), columns=("code", "name"))
DATED = Definition(
    name="cdm",
    owner="revenue-integrity",
    keys=("facility", "code"),
    columns=("charge_code", "price"),
    effective=Effective(from_="valid_from", to="valid_to"),
)
HEADER = "facility,code,valid_from,valid_to,charge_code,price\n"


class Made:
    """Builds tables in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0

    def sheet(self, text: str | bytes, definition=DATED, encoding="utf-8") -> Sheet:
        path = self.folder / "sheet.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Sheet(path, definition, encoding)

    def __call__(self, text: str | bytes, definition=DATED, before=None, encoding="utf-8"):
        self.count += 1
        path = self.folder / f"{self.count}.table"
        path.touch()
        self.made = build.build(self.sheet(text, definition, encoding), path, before)
        return TableFile(path)

    def problems(self, text: str | bytes, definition=DATED) -> list[str]:
        with pytest.raises(NotImported) as caught:
            self(text, definition)
        with pytest.raises(NotImported) as given:
            from_csv(definition, self.folder / "sheet.csv")
        assert given.value.problems == caught.value.problems, "tests and imports say the same"
        return list(map(str, caught.value.problems))


@pytest.fixture
def made(tmp_path):
    return Made(tmp_path)


@pytest.fixture(params=["mapped", "read"])
def form_of_rows(request, monkeypatch):
    """Small tables are mapped, large ones are read: both find the same."""
    if request.param == "read":
        monkeypatch.setattr(form, "MAPPED", -1)


def test_a_row_is_found_by_all_its_keys(made, form_of_rows):
    table = made("unit,name,code\nBX,Box,10\nEA, Each ,1\nPK,,\n", PLAIN)
    assert table.find(b"BX", "") == ["10", "Box"]
    assert table.find(b"EA", "") == ["1", "Each"], "blanks around a cell do not count"
    assert table.find(b"PK", "") == ["", ""]
    assert table.find(b"B", "") is None
    assert table.find(b"", "") is None


def test_of_several_rows_of_a_key_the_one_that_holds_on_the_day(made, form_of_rows):
    table = made(
        HEADER
        + "N,1,2026-07-01,,C1,12\n"
        + "N,1,,2026-01-31,C1,9\n"
        + "N,1,2026-02-01,2026-03-31,C1,10\n"
    )
    wanted = b"N\x1f1"
    on = {day: table.find(wanted, day) for day in (
        "1999-01-01", "2026-01-31", "2026-02-01", "2026-03-31", "2026-04-01", "2026-06-30",
        "2026-07-01", "9999-12-31",
    )}  # fmt: skip
    assert {day: row and row[1] for day, row in on.items()} == {
        "1999-01-01": "9",
        "2026-01-31": "9",
        "2026-02-01": "10",
        "2026-03-31": "10",
        "2026-04-01": None,
        "2026-06-30": None,
        "2026-07-01": "12",
        "9999-12-31": "12",
    }


def test_a_table_without_a_last_day_column(made):
    definition = Definition(
        name="t", owner="o", keys=("code",), columns=("v",), effective=Effective(from_="since")
    )
    table = made("code,since,v\n1,2026-01-01,a\n", definition)
    assert table.find(b"1", "2025-12-31") is None
    assert table.find(b"1", "2026-01-01") == ["a"]
    assert (
        "holds at the same time"
        in made.problems("code,since,v\n1,2026-01-01,a\n1,2027-01-01,b\n", definition)[0]
    )


def test_an_empty_table_has_no_row(made, form_of_rows):
    table = made(HEADER)
    assert (table.trailer.rows, table.find(b"N\x1f1", "2026-01-01")) == (0, None)
    assert list(table.ordered()) == []


def test_keys_do_not_run_into_each_other(made):
    definition = Definition(name="t", owner="o", keys=("a", "b"), columns=("v",))
    table = made("a,b,v\nX,YZ,1\nXY,Z,2\n", definition)
    assert table.find(b"X\x1fYZ", "") == ["1"]
    assert table.find(b"XY\x1fZ", "") == ["2"]
    assert table.find(b"XYZ", "") is None


@pytest.mark.parametrize("rows", [1, 500])
def test_every_cell_comes_back_as_it_was_in_the_order_of_the_sheet(
    made, tmp_path, rows, form_of_rows
):
    chance = random.Random(7)
    letters = "aZ9 ,\";'é漢🙂\n\t\\-"
    cells = [["unit", "code", "name"]]
    for number in range(rows):
        texts = (
            "".join(chance.choices(letters, k=chance.randrange(12))).strip() for _ in range(2)
        )
        cells.append([f"K{number}é", *texts])
    with open(tmp_path / "in.csv", "w", newline="") as file:
        csv.writer(file).writerows(cells)
    table = made((tmp_path / "in.csv").read_bytes(), PLAIN)
    assert [[row.keys[0], *row.values] for row in table.ordered()] == cells[1:]
    assert all(table.find(row[0].encode(), "") == row[1:] for row in cells[1:])


def test_many_scratch_files_make_the_same_table(made, monkeypatch):
    text = "unit,code,name\n" + "".join(f"U{n},{n},unit {n}\n" for n in range(3000))
    one = made(text, PLAIN).digest()
    monkeypatch.setattr(build, "SHARE", 2000)
    many = made(text, PLAIN)
    assert many.digest() == one == made.made.digest
    assert "line 3002, unit: this key stands in line 1502 already" in made.problems(
        text + "U1500,x,y\n", PLAIN
    )


# -- problems -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("N,1,2026-01-01,,a,b\nN,1,2026-02-01,,a,b\n", "line 3, facility, code: this key holds at the same time as the row in line 2 already"),
        ("N,1,2026-02-01,,a,b\nN,1,,2026-02-01,a,b\n", "line 3, facility, code: this key holds at the same time as the row in line 2 already"),
        ("N,1,2026-02-01,2026-02-01,a,b\nN,1,2026-02-01,2026-02-01,a,b\n", "line 3, facility, code: this key holds at the same time as the row in line 2 already"),
        ("N,1,2026-02-30,,a,b\n", "line 2, valid_from: not a date; write it as 2026-01-31"),
        ("N,1,,1/31/2026,a,b\n", "line 2, valid_to: not a date; write it as 2026-01-31"),
        ("N,1,2026-02-01,2026-01-31,a,b\n", "line 2, valid_to: the last day comes before 'valid_from'"),
        ("N,,,,a,b\n", "line 2, code: a key is empty"),
        ("N,1,,,a\n", "line 2: 5 cells where the header has 6"),
        ("N,1,,,a\0b,c\n", "line 2: a cell holds a control character (U+0000 or U+001F)"),
        ("N\x1fM,1,,,a,c\n", "line 2: a cell holds a control character (U+0000 or U+001F)"),
        ('N,1,,,"a,b\n', "line 2: not CSV: a quote is not closed or stands inside a cell"),
        (f"N,1,,,{'x' * 70_000},b\n", "line 2: a cell is longer than 65536 bytes"),
    ],
)  # fmt: skip
def test_a_problem_names_line_and_column(made, rows, problem):
    assert made.problems(HEADER + rows) == [problem]


def test_a_byte_that_is_not_utf_8_is_named_by_its_place(made):
    found = made.problems(HEADER.encode() + b"N,1,,,caf\xe9,b\n")
    assert found == [
        "line 2, character 10: this is not UTF-8; save it as CSV UTF-8, or name its character set: "
        "--encoding windows-1252"
    ]
    table = made(HEADER.encode() + b"N,1,,,caf\xe9,b\n", encoding="windows-1252")
    assert table.find(b"N\x1f1", "2026-01-01") == ["café", "b"]


def test_a_cut_off_character_at_the_end_is_no_utf_8(made):
    assert "not UTF-8" in made.problems(HEADER.encode() + b"N,1,,,a,\xc3")[0]


def test_a_byte_order_mark_does_not_count(made):
    assert made("\ufeff" + HEADER + "N,1,,,a,b\n").find(b"N\x1f1", "2026-01-01") == ["a", "b"]


def test_missing_columns_are_all_named(made):
    assert made.problems("facility,price\n") == [
        f"line 1, {name}: the header has no column '{name}'"
        for name in ("charge_code", "code", "valid_from", "valid_to")
    ]
    assert "twice" in made.problems("unit,code,code,name\n", PLAIN)[0]
    assert "not separated by commas" in made.problems("unit;code;name\n", PLAIN)[0]
    assert len(made.problems("", PLAIN)) == 3


def test_all_problems_are_found_at_once_and_no_value_is_said(made):
    text = HEADER + "".join(f"CANARY{n},,,,a,b\n" for n in range(50))
    with pytest.raises(NotImported) as caught:
        made(text)
    assert len(caught.value.problems) == 50
    lines = str(caught.value).splitlines()
    assert lines[0].endswith("sheet.csv:2: code: a key is empty")
    assert lines[-2:] == ["and 30 problems", "nothing was imported"]
    assert "CANARY" not in str(caught.value)


def test_columns_that_are_not_declared_are_left_alone(made):
    sheet = made.sheet("unit,colour,code,name\nBX,red,10,Box\n", PLAIN)
    assert [row.values for row in sheet.read()] == ["10\0Box"]
    assert sheet.unused == ("colour",)


def test_what_cannot_be_opened_is_said(made, tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        list(Sheet(tmp_path / "none.csv", PLAIN).read())
    with pytest.raises(NotImported, match="no character set 'klingon'"):
        made("unit,code,name\n", PLAIN, None, "klingon")


@pytest.mark.parametrize("cut", [1, 20, 9000, 66_000])
def test_a_file_that_is_not_whole_is_refused(made, cut):
    table = made("unit,code,name\n" + "".join(f"U{n},{n},x\n" for n in range(2000)), PLAIN)
    content = table.path.read_bytes()
    table.path.write_bytes(content[:-cut])
    with pytest.raises(StoreError, match="not whole"):
        TableFile(table.path)


# -- changes --------------------------------------------------------------------------------------------------------

BEFORE = (
    HEADER + "N,1,2026-01-01,2026-06-30,C1,10\nN,1,2026-07-01,,C1,12\nN,2,,,C2,5\nN,3,,,C3,1\n"
)
AFTER = (
    HEADER
    + "N,3,,,C3,1\nN,1,2026-01-01,2026-06-30,C1,11\nN,1,2026-07-01,2026-12-31,C1,12\nN,4,,,C4,2\n"
)


def test_the_numbers_of_an_import_are_those_of_the_difference(made):
    old = made(BEFORE)
    new = made(AFTER, before=old)
    assert made.made.changes == Changes(added=1, removed=1, changed=2)
    found = {(one.what, (one.after or one.before).keys, (one.after or one.before).first, one.columns(DATED.columns)) for one in differences(old, new)}  # fmt: skip
    assert found == {
        ("added", ("N", "4"), "", ()),
        ("removed", ("N", "2"), "", ()),
        ("changed", ("N", "1"), "2026-01-01", ("price",)),
        ("changed", ("N", "1"), "2026-07-01", ("until",)),
    }
    made(BEFORE, before=old)
    assert not made.made.changes


def test_many_rows_are_compared_range_by_range(made, monkeypatch):
    def text(rows):
        return "unit,code,name\n" + "".join(f"U{n},{n % 7},x\n" for n in rows)

    old = made(text(range(2000)), PLAIN)
    monkeypatch.setattr(build, "SHARE", 1000)
    new = made(text(range(100, 2500)), PLAIN, before=old)
    assert made.made.changes == Changes(added=500, removed=100)
    monkeypatch.setattr("engine.store.tables.changes.AT_ONCE", 100)
    whats = [one.what for one in differences(old, new)]
    assert (whats.count("added"), whats.count("removed"), len(whats)) == (500, 100, 600)


def test_a_new_column_changes_only_rows_that_fill_it(made):
    old = made("unit,code,name\nBX,10,Box\nEA,1,Each\n", PLAIN)
    wider = Definition(
        name="units", owner="supply", keys=("unit",), columns=("name", "code", "gs1")
    )
    made("unit,code,name,gs1\nBX,10,Box,\nEA,1,Each,EA\n", wider, before=old)
    assert made.made.changes == Changes(changed=1)


# -- for tests in YAML ----------------------------------------------------------------------------------------------


def test_rows_given_to_a_test_answer_like_the_store(made, tmp_path):
    made.sheet(BEFORE)
    given = GivenTables([from_csv(DATED, tmp_path / "sheet.csv")], today="2026-08-01")
    assert given.columns("cdm") == ("facility", "code", "charge_code", "price")
    assert given.find("cdm", ("N", "1"), "2026-06-30") == ["C1", "10"]
    assert given.find("cdm", ("N", "1"), None) == ["C1", "12"]
    assert given.find("cdm", ("N", "9"), None) is None
    assert given.find("other", ("N", "9"), None) is None
    assert (given.version("cdm"), given.version("other")) == (1, 0)
