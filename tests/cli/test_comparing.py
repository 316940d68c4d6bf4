"""`compare` on files and folders."""

from __future__ import annotations

from pathlib import Path

import pytest

A = "MSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.5.1\rPID|1||CANARY1\r"


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    for name, text in {
        "a": A,
        "b": A.replace("CANARY1", "CANARY2").replace("2026", "2027"),
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.hl7").write_text(text, newline="")
    return tmp_path / "a", tmp_path / "b"


def test_folders(corridor, two: tuple[Path, Path]) -> None:
    ran = corridor("compare", *two, "--by", "MSH-10", "--ignore", "MSH-7")
    assert (ran.code, ran.lines[0]) == (1, "1 pair, 0 alike, 1 different")
    assert ran.lines[1:] == ["PID-3  1  1 changed", "  x.hl7  PID-3"]
    shown = corridor("compare", *two, "--ignore", "MSH-7", "--values")
    assert shown.lines[2] == "  x.hl7  PID-3  CANARY1 -> CANARY2"
    assert corridor("compare", two[0], two[0]).code == 0


def test_files_and_programs(corridor, two: tuple[Path, Path]) -> None:
    a, b = (folder / "x.hl7" for folder in two)
    (two[1] / "x.hl7").rename(two[1] / "y.hl7")
    ran = corridor("compare", a, b.with_name("y.hl7"), "--json")
    assert {field["field"] for field in ran.json["fields"]} == {"MSH-7", "PID-3"}
    assert "CANARY" not in ran.out
    said = corridor("compare", a, b.with_name("y.hl7"), "--json", "--values").json
    assert said["fields"][1]["examples"][0]["a"] == "CANARY1"
    assert corridor("compare", *two).lines[1:] == [
        f"only in {two[0]}: 1", "  x.hl7", f"only in {two[1]}: 1", "  y.hl7"
    ]  # fmt: skip


def test_nothing_to_compare(corridor, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert corridor("compare", tmp_path / "empty", tmp_path / "empty").code == 2
    assert corridor("compare", tmp_path / "none", tmp_path / "empty").code == 2
