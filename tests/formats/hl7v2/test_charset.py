"""Character sets by MSH-18, by order mark, by the channel; and what they do not have."""

from __future__ import annotations

import pytest

from engine.errors import MessageError
from engine.formats import Reading
from engine.formats.hl7v2 import parse
from engine.formats.hl7v2.charset import codec_of, encode, where


def message(said: str, name: str, codec: str) -> bytes:
    header = f"MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5.1||||||{said}"
    return f"{header}\rPID|1||7||{name}^X\r".encode(codec)


@pytest.mark.parametrize(
    ("said", "name", "codec"),
    [
        ("", "Smith", "ascii"),
        ("", "Müller", "utf-8"),
        ("ASCII", "Müller", "utf-8"),
        ("8859/1", "Müller", "latin-1"),
        ("8859/2", "Łukasz", "iso8859-2"),
        ("8859/5", "Иванов", "iso8859-5"),
        ("8859/7", "Παπ", "iso8859-7"),
        ("8859/8", "כהן", "iso8859-8"),
        ("8859/9", "Şahin", "iso8859-9"),
        ("8859/15", "Œuf€", "iso8859-15"),
        ("UNICODE UTF-8", "山田", "utf-8"),
        ("UNICODE", "山田", "utf-8"),
        ("GB 18030-2000", "王小明", "gb18030"),
        ("BIG-5", "功蓋", "big5"),
        ("KS X 1001", "김철수", "euc_kr"),
        ("ISO IR13", "ﾔﾏﾀﾞ", "shift_jis"),
        ("~ISO IR87", "山田", "iso2022_jp"),
        ("ISO IR6~ISO IR87~ISO IR159", "山田", "iso2022_jp"),
        ("ASCII~8859/1", "Smith", "ascii"),
        ("utf-8", "Müller", "utf-8"),
        ("WINDOWS-1252", "Müller€", "cp1252"),
    ],
)
def test_the_set_that_msh_18_names(said: str, name: str, codec: str) -> None:
    raw = message(said, name, codec)
    document = parse(raw, Reading())
    assert document.index["PID"][0].fields[5] == f"{name}^X"
    assert document.edit().render() == raw


@pytest.mark.parametrize(
    "codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-8-sig"]
)
def test_wide_sets_with_and_without_an_order_mark(codec: str) -> None:
    raw = message("", "Müller", codec)
    assert parse(raw, Reading()).index["PID"][0].fields[5] == "Müller^X"


def test_a_set_that_says_wide_over_narrow_bytes_is_read_as_it_is() -> None:
    raw = message("UNICODE UTF-16", "Müller", "utf-8")
    assert parse(raw, Reading()).index["PID"][0].fields[5] == "Müller^X"


def test_the_channel_says_better() -> None:
    raw = message("8859/1", "Łukasz", "cp1250")
    document = parse(raw, Reading(encoding="windows-1250"))
    assert document.index["PID"][0].fields[5] == "Łukasz^X"


@pytest.mark.parametrize("said", ["", "UNICODE UTF-8", "ASCII"])
def test_bytes_that_the_set_does_not_have_are_refused_by_field(said: str) -> None:
    raw = message(said, "Müller", "latin-1")
    with pytest.raises(MessageError) as caught:
        parse(raw, Reading())
    assert caught.value.code == "unmappable_character"
    assert caught.value.path == "PID-5"
    assert "ller" not in str(caught.value)


@pytest.mark.parametrize(("unmappable", "stands"), [("replace", "\ufffd"), ("ascii", "?")])
def test_or_replaced_and_still_kept_byte_for_byte(unmappable: str, stands: str) -> None:
    raw = message("", "Müller", "latin-1")
    document = parse(raw, Reading(unmappable=unmappable))
    assert document.index["PID"][0].fields[5] == f"M{stands}ller^X"
    editor = document.edit()
    line = editor.named("PID")[0]
    line.write(1, "2")
    editor.changed()
    assert editor.render() == raw.replace(b"PID|1|", b"PID|2|")
    assert editor.document().index["PID"][0].fields[5] == f"M{stands}ller^X"


def test_an_unknown_set_is_named() -> None:
    with pytest.raises(MessageError) as caught:
        parse(message("KLINGON", "Müller", "latin-1"), Reading())
    assert caught.value.code == "unsupported_character_set"
    assert caught.value.path == "MSH-18"


@pytest.mark.parametrize(("unmappable", "bytes_"), [("replace", b"?uk"), ("ascii", b"?uk")])
def test_writing_what_the_set_does_not_have(unmappable: str, bytes_: bytes) -> None:
    assert encode("Łuk", "ascii", unmappable) == bytes_
    with pytest.raises(MessageError) as caught:
        encode("MSH|^~\\&|\rPID|1||Łuk", "ascii", "quarantine")
    assert caught.value.path == "PID-3"


@pytest.mark.parametrize("end", ["\r", "\n"])
def test_plain_ascii_without_msh_18_stays_plain_ascii(end: str) -> None:
    raw = message("", "Smith", "ascii").decode().replace("\r", end)
    assert parse(raw.encode(), Reading()).decoded.codec == "ascii"


def test_ascii_takes_the_nearest_letters() -> None:
    assert encode("Müller, Façade", "ascii", "ascii") == b"Muller, Facade"


def test_names_of_sets() -> None:
    assert codec_of("iso-8859-1") == "iso8859-1"
    assert codec_of(" 8859/1 ") == "iso8859-1"
    assert where("") == ""
