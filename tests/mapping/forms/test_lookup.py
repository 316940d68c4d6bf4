"""`lookup(...)`: data in the store, declared by a file of the release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.errors import MessageError
from engine.mapping import lookups
from engine.placed import Mistakes
from tests.mapping.forms.conftest import Tables  # type: ignore[import-not-found]

CDM = """description: What a usage line is charged as
owner: revenue-integrity
keys: [facility, code]
columns: [charge_code, revenue_code, price]
effective: {from: valid_from, to: valid_to}
"""
UNITS = "owner: supply\nkeys: [unit]\ncolumns: [code, name]\n"
ROWS = {
    ("cdm", ("MERCY", "IMP-4471"), "2026-11-21"): ("C100", "0278", "4200.00"),
    ("cdm", ("MERCY", "IMP-4471"), "2026-11-20"): ("C099", "0278", ""),
    ("units", ("BX",), None): ("10", ""),
}


@pytest.fixture
def said(hl7: Any, home: Path, given: Any) -> Any:
    (home / "mappings/tables/cdm.yaml").write_text(CDM)
    (home / "mappings/tables/units.yaml").write_text(UNITS)
    hl7.facts = given(lookups=Tables(ROWS))
    return hl7


def problem(said: Any, text: str) -> Any:
    """The one mistake, and the text from its column on."""
    mistake = said.wrong(text)
    return mistake.problem, text[mistake.column - 1 :], mistake.write


def refused(said: Any, text: str) -> MessageError:
    with pytest.raises(MessageError) as caught:
        said(text)
    return caught.value


# -- what it gives ----------------------------------------------------------------------------------------------


def test_the_row_with_these_keys_on_that_day(said: Any) -> None:
    text = 'lookup("cdm", "charge_code", code=FT1-7.1, facility=MSH-4, at=FT1-4)'
    assert said(text) == "C100"
    assert said.facts.context.lookups.asked == [("cdm", ("MERCY", "IMP-4471"), "2026-11-21")]
    assert said.facts.notes.tables == {"cdm": 12}
    assert said.language.tables.lookups == {"cdm"}
    assert said.language.tables.used["cdm"] == lookups.load("cdm", said.home, Mistakes()).digest


@pytest.mark.parametrize(
    "at", ["FT1-5", "FT1-5 | date", 'FT1-4 | datetime(zone="Pacific/Apia")', '"2026-11-21"']
)
def test_the_day_is_a_text_or_a_moment_by_its_own_clock(said: Any, at: str) -> None:
    assert (
        said(f'lookup("cdm", "charge_code", facility=MSH-4, code=FT1-7.1, at={at})') == "C100"
    )


def test_without_a_day_it_is_the_day_of_planning_in_the_zone_of_the_place(said: Any) -> None:
    assert said('lookup("cdm", "charge_code", facility=MSH-4, code=FT1-7.1)') == "C099"
    assert said.facts.context.lookups.asked[-1][2] == "2026-11-20"


def test_an_empty_cell_is_nothing_and_no_miss(said: Any) -> None:
    assert said('lookup("units", "name", unit="BX")') is None
    assert said('lookup("units", "name", unit="BX") ?? "none"') == "none"
    assert said('lookup("units", "code", unit="BX") | decimal * 2') == 20


def test_a_key_or_a_day_that_is_nothing_gives_nothing(said: Any) -> None:
    assert said('lookup("units", "code", unit=PID-40)') is None
    assert said('lookup("units", "code", unit=PV1-8)') is None
    assert said('lookup("cdm", "price", facility=MSH-4, code=FT1-7.1, at=PID-40)') is None
    assert said.facts.context.lookups.asked == []
    assert said.facts.notes.tables == {}


# -- misses -----------------------------------------------------------------------------------------------------


def test_a_miss_names_the_table_and_the_paths_and_never_the_value(said: Any) -> None:
    error = refused(said, 'lookup("cdm", "price", facility=MSH-4, code=FT1[2]-7.1, at=FT1-4)')
    assert (error.code, error.path) == ("unmapped_code", "MSH-4, FT1[2]-7.1")
    assert (
        error.rule == "the lookup table 'cdm' has no row for this facility and code on that day"
    )
    assert said.facts.notes.tables == {"cdm": 12}


def test_otherwise_and_a_coalesce_right_behind_catch_a_miss(said: Any) -> None:
    miss = 'lookup("units", "code", unit=PID-8'
    assert said(f'{miss}) ?? "EA"') == "EA"
    assert said(f'{miss}, otherwise="EA")') == "EA"
    assert said(f"{miss}, otherwise=nothing)") is None
    assert refused(said, f'({miss}) | upper) ?? "EA"').code == "unmapped_code"


def test_a_day_that_cannot_be_read_is_not_caught(said: Any) -> None:
    text = 'lookup("cdm", "price", facility=MSH-4, code=FT1-7.1, at=MSH-10) ?? "0"'
    error = refused(said, text)
    assert (error.code, error.path) == ("bad_value", "MSH-10")
    assert "MSG00042" not in str(error)
    assert refused(said, text.replace("MSH-10", '"2026" | date')).code == "bad_value"


def test_a_table_without_data_is_no_miss(said: Any, given: Any) -> None:
    text = 'lookup("units", "code", unit="BX", otherwise="EA") ?? "EA"'
    said.facts.context.lookups.versions.clear()
    error = refused(said, text)
    assert (error.code, error.rule) == (
        "unmapped_code",
        "the lookup table 'units' has no data yet",
    )
    said.facts = given()
    assert "has no data yet" in refused(said, text).rule
    assert said.facts.notes.tables == {}


def test_data_imported_for_another_declaration(said: Any) -> None:
    """The file of the release says other columns than the data in the store was imported with."""
    tables = said.facts.context.lookups
    text = 'lookup("units", "name", unit="BX") ?? "x"'
    tables.columns = lambda table: ("unit", "name", "extra", "code")
    assert said(text) == "10"  # where this version has it
    tables.columns = lambda table: ("unit", "code")
    error = refused(said, text)
    assert (error.code, "without the column 'name'" in error.rule) == ("unmapped_code", True)
    tables.columns = lambda table: ("code", "name")
    assert "without the keys" in refused(said, text).rule


# -- mistakes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wrong", "place"),
    [
        ('lookup("cmd", "price", code=MSH-4)', "there is no lookup table 'cmd'; did you mean 'cdm'?", '"cmd"'),
        ('lookup("x", "price", code=MSH-4)', "there is no lookup table 'x'; it is declared by mappings/tables/x.yaml", '"x"'),
        ('lookup("sex", "ours", code=PID-8)', "'sex' is a code table of the release; lookup() reads data in the store", '"sex"'),
        ('lookup("../sex", "ours", code=PID-8)', "there is no lookup table '../sex'; it is declared by mappings/tables/../sex.yaml", '"../sex"'),
        ('lookup("units", "cod", unit=PID-8)', "the lookup table 'units' has no column 'cod'; did you mean 'code'?", '"cod"'),
        ('lookup("units", "zzz", unit=PID-8)', "the lookup table 'units' has no column 'zzz'; it has code, name", '"zzz"'),
        ('lookup("units", "unit", unit=PID-8)', "'unit' is a key of the lookup table 'units'; a column is asked for", '"unit"'),
        ('lookup("units", "code", unti=PID-8)', "the lookup table 'units' has no key 'unti'; did you mean 'unit'?", "PID-8"),
        ('lookup("units", "code")', "the lookup table 'units' is asked by all its keys; 'unit' is not given", "lookup"),
        ('lookup("cdm", "price", code=PID-8)', "the lookup table 'cdm' is asked by all its keys; 'facility' is not given", "lookup"),
        ('lookup("units", "code", unit=PID-8, at=FT1-4)', "the lookup table 'units' has no dates ('effective'), so it takes no 'at='", "FT1-4"),
        ('lookup("units", "code", PID-8)', "the keys of a lookup are given by their names", "PID-8"),
        ('lookup("units")', "'lookup' takes the table, the column to give, and every key by its name", "lookup"),
        ('PID-8 | lookup("units", "code")', "'lookup' takes its values in brackets, not by a pipe", "lookup"),
        ('lookup(zz, "code", unit=PID-8)', "zz is not a name here; did you mean the text?", "zz"),
        ('lookup(PID-8, "code", unit=PID-8)', "the table is a text that is known at load, in double quotes", "PID-8, "),
        ('lookup("units", "code", unit=7)', "a table is asked with text, this is a number", "7)"),
        ('lookup("units", "code", unit=PID-3(*))', "this is a list, and a key needs one value", "PID-3(*)"),
        ('lookup("cdm", "price", facility=MSH-4, code=MSH-4, at=1)', "'at=' is a date, this is a number", "1)"),
        ('PID-8 | table("cdm")', "'cdm' is a lookup table; table() reads the files of the release", '"cdm"'),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told_where_it_stands(
    said: Any, text: str, wrong: str, place: str
) -> None:
    found, rest, _ = problem(said, text)
    assert found == wrong
    assert rest.startswith(place)


def test_the_form_to_write_has_all_keys(said: Any) -> None:
    *_, write = problem(said, 'lookup("cdm", "price", code=PID-8)')
    assert write == 'lookup("cdm", "price", facility=..., code=..., at=...)'


# -- definitions ------------------------------------------------------------------------------------------------


def test_a_definition_says_what_the_table_is(said: Any, home: Path) -> None:
    mistakes = Mistakes()
    found = lookups.definitions(home, mistakes)
    assert not mistakes.found
    assert list(found) == ["cdm", "units"] == lookups.names(home)
    cdm, units = found["cdm"], found["units"]
    assert (cdm.owner, cdm.keys) == ("revenue-integrity", ("facility", "code"))
    assert cdm.columns == ("charge_code", "revenue_code", "price")
    assert cdm.effective is not None
    assert (cdm.effective.from_, cdm.effective.to) == ("valid_from", "valid_to")
    assert units.effective is None
    with pytest.raises(LookupError):
        lookups.load("sex", home, mistakes)


@pytest.mark.parametrize(
    ("content", "place", "wrong"),
    [
        ("keys: [a]\ncolumns: [b]\n", "1:1", "'owner' is missing"),
        ("ownr: x\nkeys: [a]\ncolumns: [b]\n", "1:1", "did you mean 'owner'?"),
        ("owner: x\nkeys: a\ncolumns: [b]\n", "2:7", "a list stands here"),
        ("owner: x\nkeys: [a, at]\ncolumns: [b]\n", "2:7", "and not 'at' or 'otherwise'"),
        ("owner: x\nkeys: [a b]\ncolumns: [b]\n", "2:7", "a key is one word"),
        ("owner: x\nkeys: []\ncolumns: [b]\n", "2:7", "a table has one or more keys"),
        ("owner: x\nkeys: [a]\ncolumns: []\n", "3:10", "a table has one or more columns"),
        ("owner: x\nkeys: [a]\ncolumns: [b, a]\n", "3:10", "each its own"),
        ("owner: x\nkeys: [a]\ncolumns: [b]\neffective: {frm: c}\n", "4:13", "did you mean 'from'?"),
        ("owner: x\nkeys: [a]\ncolumns: [b]\neffective: {to: c}\n", "4:12", "'from' is missing"),
        ("owner: x\nkeys: [a]\ncolumns: [b]\neffective: {from: b}\n", "3:10", "each its own"),
        ("- x\n", "1:1", "settings stand here"),
        ("owner: {x\n", "1:8", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_definition_is_told_in_its_file(
    hl7: Any, home: Path, content: str, place: str, wrong: str
) -> None:
    (home / "mappings/tables/t.yaml").write_text(content)
    hl7.compile('lookup("t", "b", a=PID-8)')
    (mistake,) = hl7.mistakes.found
    where = f"{mistake.file}:{mistake.line}:{mistake.column}"
    assert where == f"mappings/tables/t.yaml:{place}"
    assert wrong in mistake.problem


def test_a_table_is_a_file_of_the_release_or_data_and_never_both(hl7: Any, home: Path) -> None:
    (home / "mappings/tables/sex.yaml").write_text(UNITS)
    hl7.compile('lookup("sex", "code", unit=PID-8)')
    (mistake,) = hl7.mistakes.found
    assert "also the code table sex.csv" in mistake.problem
