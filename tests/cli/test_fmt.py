"""`fmt` on files of a home."""

from __future__ import annotations

BEFORE = "format: json\nsource:\n    mllp: {port: 2575}\n"
AFTER = "source:\n  mllp: {port: 2575}\nformat: json\n"


def test_check_names_what_would_change_and_fmt_changes_it(corridor) -> None:
    path = corridor.home / "channels/a.yaml"
    path.parent.mkdir()
    path.write_text(BEFORE)
    ran = corridor("fmt", "--check")
    assert (ran.code, ran.lines) == (1, ["channels/a.yaml", "1 file, 1 to be changed"])
    assert path.read_text() == BEFORE
    assert corridor("fmt", "--check", path.parent).lines == ran.lines, "a folder of them"
    assert corridor("fmt", path).lines[-1] == "1 file, 1 changed"
    assert path.read_text() == AFTER
    assert corridor("fmt", "--check").code == 0


def test_line_ends_stay_and_what_is_not_text_is_left_alone(corridor) -> None:
    folder = corridor.home / "channels"
    folder.mkdir()
    (folder / "a.yaml").write_bytes(BEFORE.replace("\n", "\r\n").encode())
    (folder / "b.yaml").write_bytes(b"format: \xff\n")
    assert corridor("fmt").code == 0
    assert (folder / "a.yaml").read_bytes() == AFTER.replace("\n", "\r\n").encode()
    assert (folder / "b.yaml").read_bytes() == b"format: \xff\n"
    assert corridor("fmt", folder / "c.yaml").code == 2
