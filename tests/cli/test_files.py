"""`parse`, `validate`, `ack` and `convert`: many files at once, of any format."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli.files import recognised

A08 = (
    "MSH|^~\\&|A|B|C|D|20260102||ADT^A08|M1|P|2.5.1\rEVN|A08|20260102\r"
    "PID|1||1000123^^^G^MR||Sample^Sally\rPV1|1|O\r"
)
BAD = "MSH|^~\\A|A|B|C|D|20260102||ADT^A08|M2|P|2.5.1\rPID|1||1000123\r"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.hl7").write_bytes(A08.encode())
    (folder / "b.json").write_text('{"patient": {"mrn": "1000123"}}')
    return folder


def test_the_tree_of_every_file_is_printed(corridor, files: Path) -> None:
    ran = corridor("parse", files)
    assert ran.code == 0, ran.err
    assert "ADT^A08" in ran.out
    assert any("PID-5" in line and "Sally" in line for line in ran.lines)
    assert any("mrn" in line and "1000123" in line for line in ran.lines)


def test_the_tree_for_programs(corridor, files: Path) -> None:
    ran = corridor("parse", files / "a.hl7", "--json")
    assert ran.json["kind"] == "ADT^A08"
    assert {"depth", "path", "name", "value"} == set(ran.json["tree"][0])


def test_files_that_cannot_be_read_are_named_and_the_others_still_shown(
    corridor, files: Path
) -> None:
    (files / "0.hl7").write_bytes(BAD.encode())
    ran = corridor("parse", files)
    assert ran.code == 1
    assert "0.hl7:" in ran.lines[0]
    assert "Sally" in ran.out
    checked = corridor("validate", files)
    assert checked.code == 1
    assert checked.lines[-1] == "3 files, 1 not valid"
    assert "1000123" not in checked.out


def test_valid_files_are_valid(corridor, files: Path) -> None:
    ran = corridor("validate", files / "a.hl7", files / "b.json")
    assert (ran.code, ran.lines[-1]) == (0, "2 files, 0 not valid"), ran.out


def test_a_file_of_no_format(corridor, files: Path) -> None:
    (files / "x.bin").write_bytes(b"\x00\x01\x02")
    ran = corridor("validate", files)
    assert (ran.code, "--format" in ran.out) == (1, True)
    assert ran.lines[-1] == "3 files, 1 not valid", "the others are looked at all the same"
    assert "Sally" in corridor("parse", files / "x.bin", files / "a.hl7").out
    assert corridor("ack", files / "x.bin").code == 1
    assert corridor("parse", files / "a.hl7", "--format", "nonsense").code == 2
    assert corridor("parse", files / "missing").code == 2


def test_the_acknowledgement_a_file_would_get(corridor, files: Path) -> None:
    ran = corridor("ack", files / "a.hl7")
    assert "MSA|AA|M1" in ran.out
    (files / "a.hl7").write_bytes(BAD.encode())
    refused = corridor("ack", files / "a.hl7").out
    assert "MSA|AA" not in refused
    assert "1000123" not in refused


def test_the_acknowledgement_of_a_channel(corridor, files: Path) -> None:
    corridor("new", "channel", "lab_feed")
    assert "MSA|AA|M1" in corridor("ack", files / "a.hl7", "--channel", "lab_feed").out
    (files / "a.hl7").write_bytes(A08.replace("|P|", "|T|").encode())
    assert "MSA|A" in corridor("ack", files / "a.hl7", "--channel", "lab_feed").out
    assert "MSA|AA" not in corridor("ack", files / "a.hl7", "--channel", "lab_feed").out


def test_a_mapping_is_applied_to_files(corridor, files: Path, tmp_path: Path) -> None:
    corridor("new", "channel", "lab_feed")
    ran = corridor("convert", "lab_feed", files / "a.hl7")
    assert (ran.code, '"mrn": "1000123"' in ran.out) == (0, True), ran.err
    ran = corridor("convert", "lab_feed", files / "a.hl7", "--out", tmp_path / "out")
    assert ran.code == 0
    assert b"1000123" in (tmp_path / "out/a-1.json").read_bytes()
    missing = corridor("convert", "lab_fed", files / "a.hl7")
    assert (missing.code, "lab_feed" in missing.err) == (2, True)
    part = "from: hl7v2/PID\nto: json\nfields: {mrn: PID-3.1}\n"
    (tmp_path / "home/mappings/pid.yaml").write_text(part)
    whole = corridor("convert", "pid", files / "a.hl7")
    assert (whole.code, "a part of a message" in whole.err) == (2, True)


ORDER = (
    "ISA*00*          *00*          *ZZ*GENHOSP        *ZZ*MEDLINE        *260105*1200*^*00501*000000001*0*T*:~"
    "GS*PO*GENHOSP*MEDLINE*20260105*1200*1*X*005010~ST*850*0001~BEG*00*SA*PO1**20260105~"
    "PO1*1*5*EA*2.5**VN*A1~CTT*1~SE*5*0001~GE*1*1~IEA*1*000000001~"
)


def test_an_interchange_is_held_against_its_map_and_answered(corridor, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.850", tmp_path / "bad.850"
    good.write_text(ORDER)
    bad.write_text(ORDER.replace("20260105~PO1", "20261399~PO1"))
    ran = corridor("validate", good, bad)
    assert ran.code == 1
    assert ran.lines[0].endswith("good.850: valid")
    assert "BEG05 (segment 2)" in ran.out and "20261399" not in ran.out
    assert corridor("validate", good, "--level", "nonsense").code == 2
    answers = [corridor("ack", one, "--level", "syntax").out for one in (good, bad)]
    assert "AK5*A" in answers[0] and "AK5*R" in answers[1]
    assert "AK4*5*373*8" in answers[1]
    assert "BEG05" in corridor("parse", good).out


def test_files_with_a_layout_are_read_by_it(corridor, tmp_path: Path) -> None:
    (tmp_path / "mappings/layouts").mkdir(parents=True)
    (tmp_path / "mappings/layouts/items.yaml").write_text(
        "columns: [number, price]\nheader: true\n"
    )
    rows = tmp_path / "items.csv"
    rows.write_text("number,price\nA1,2.50\nB2,1.25\n")
    ran = corridor("parse", rows, "--format", "delimited/items", "--home", tmp_path)
    assert ran.code == 0 and "2.50" in ran.out, ran.err
    assert (
        corridor("validate", rows, "--format", "delimited/items", "--home", tmp_path).code == 0
    )
    rows.write_text("number,price\nA1\n")
    refused = corridor("validate", rows, "--format", "delimited/items", "--home", tmp_path)
    assert refused.code == 1
    assert corridor("parse", rows, "--format", "delimited").code == 2


def test_formats_are_recognised() -> None:
    assert recognised(b"\x0bMSH|") == "hl7v2"
    assert recognised(b"\xef\xbb\xbf[1]") == "json"
    assert recognised(b"") == ""


def test_resources_of_fhir_in_a_file_of_lines_are_told_apart(corridor, files: Path) -> None:
    path = files / "bulk.ndjson"
    path.write_text(
        '{"resourceType":"Patient","id":"1"}\n{"resourceType":"Patient","gender":"x"}\nno\n'
    )
    ran = corridor("validate", path)
    assert (ran.code, len(ran.lines)) == (1, 3), ran.out
    assert ran.lines[1].startswith("  2 of 3: Patient.gender: ")
    assert ran.lines[2].startswith("  3 of 3: ")
    shown = corridor("parse", path)
    assert shown.code == 1 and "bulk.ndjson, 2 of 3  Patient" in shown.out
    assert "bulk.ndjson, 3 of 3: " in shown.out
    xml = files / "p.xml"
    xml.write_text('<Patient xmlns="http://hl7.org/fhir"><gender value="x"/></Patient>')
    assert "  Patient.gender: " in corridor("validate", xml).out


def test_a_mapping_of_an_entity_reads_it_as_canonical_json(corridor, files: Path) -> None:
    mappings = files.parent / "home/mappings"
    mappings.mkdir(parents=True, exist_ok=True)
    (mappings / "names.yaml").write_text("from: Supplier\nto: json\nfields: {called: name}\n")
    one = '{"entity": "Supplier/1", "source_id": "1", "number": "S1", "name": "ACME"}'
    (files / "two.json").write_text(f"[{one}, {one}]")
    ran = corridor("convert", "names", files / "two.json")
    assert ran.out.count('"called": "ACME"') == 2, ran.err
    (files / "two.json").write_text(one.replace("Supplier/1", "Claim/1"))
    wrong = corridor("convert", "names", files / "two.json")
    assert "this is no Supplier as canonical JSON" in wrong.out and "Claim" not in wrong.out
    many = [f"map_{at}" for at in range(20)]
    for name in many:
        (mappings / f"{name}.yaml").write_text("from: json\nto: json\n")
    lost = corridor("convert", "nams", files / "two.json")
    assert "there are: names" in lost.err and "map_1" not in lost.err
