"""Content of messages as a page can show it: text, with everything that a screen might obey made visible."""

from __future__ import annotations

import re
import unicodedata

import msgspec

#: Characters of a body that a page shows; the API gives all.
SHOWN = 200_000

#: Names of the control characters that messages are full of; others are shown by their number.
_NAMES = {"\r": "CR", "\n": "LF", "\t": "TAB", "\x0b": "VT", "\x1c": "FS", "\x1b": "ESC", "\0": "NUL", "\ufeff": "BOM"}  # fmt: skip
_OBEYED = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_LINE = re.compile(r"\r\n|\r|\n")


class Piece(msgspec.Struct, frozen=True):
    """A run of text; `mark` where it stands for a character that is not one to be read."""

    text: str
    mark: bool = False


def decoded(raw: bytes) -> tuple[str, str]:
    """
    Bytes as text, and by what: UTF-8, else Latin-1, which reads every byte as one character.

    >>> decoded(b"caf\\xe9")
    ('café', 'latin-1')
    """
    try:
        return raw.decode(), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("latin-1"), "latin-1"


def lines(text: str) -> list[list[Piece]]:
    """
    Text as lines of pieces, each line end shown as what it is.

    >>> [[(piece.text, piece.mark) for piece in line] for line in lines("a\\rb\\x1bc")]
    [[('a', False), ('CR', True)], [('b', False), ('ESC', True), ('c', False)]]
    """
    made, at = [], 0
    for end in _LINE.finditer(text):
        made.append(
            [*_pieces(text[at : end.start()]), *(Piece(_NAMES[one], True) for one in end[0])]
        )
        at = end.end()
    return [*made, _pieces(text[at:])] if at < len(text) or not made else made


def indented(text: str) -> list[list[Piece]] | None:
    """
    JSON that came on one line as lines that can be read, digits as they are; None where it is something else.

    >>> [line[0].text for line in indented('{"a":1.50}')], indented('{"a":'), indented("MSH|")
    (['{', '  "a": 1.50', '}'], None, None)
    """
    if not text.startswith(("{", "[")) or _LINE.search(text.rstrip()):
        return None
    try:
        whole = msgspec.json.format(text, indent=2)
    except (msgspec.DecodeError, RecursionError):
        return None
    return [_pieces(line) for line in whole[:SHOWN].split("\n")]


def _pieces(line: str) -> list[Piece]:
    if line.isprintable():
        return [Piece(line)] if line else []
    pieces, run = list[Piece](), list[str]()
    for sign in line:
        if unicodedata.category(sign) in _OBEYED:
            if run:
                pieces.append(Piece("".join(run)))
                run = []
            pieces.append(Piece(_NAMES.get(sign, f"{ord(sign):02X}"), True))
        else:
            run.append(sign)
    return [*pieces, Piece("".join(run))] if run else pieces


def visible(text: str) -> str:
    """
    One value on one line, what is not to be read shown by its number.

    >>> visible("no\\x1b[2J\\u202e")
    'no⟨ESC⟩[2J⟨202E⟩'
    """
    return "".join(f"⟨{_NAMES.get(sign, f'{ord(sign):02X}')}⟩" if unicodedata.category(sign) in _OBEYED else sign for sign in text)  # fmt: skip


class Editable(msgspec.Struct, frozen=True):
    """A body in a text field, which knows one kind of line end only."""

    text: str
    encoding: str
    line_end: str
    """cr, lf or crlf: what the lines of the body end in."""


_ENDS = {"cr": "\r", "lf": "\n", "crlf": "\r\n"}


def editable(raw: bytes) -> Editable | None:
    """A body for a text field; None where a browser could not give the very same bytes back."""
    text, encoding = decoded(raw)
    ends = set(_LINE.findall(text))
    name = next((name for name, end in _ENDS.items() if ends == {end}), "cr")
    made = Editable(text=_LINE.sub("\n", text), encoding=encoding, line_end=name)
    plain = "\0" not in text and "\ufeff" not in text
    same = edited(made.text, encoding, name) == raw
    return made if plain and len(ends) < 2 and same else None


def edited(text: str, encoding: str, line_end: str) -> bytes:
    """
    The bytes of what stood in the text field; ValueError where the encoding lacks a character.

    >>> edited("MSH|1\\r\\nPID|2", "utf-8", "cr")
    b'MSH|1\\rPID|2'
    """
    whole = _LINE.sub(lambda _: _ENDS[line_end], text)
    return whole.encode("latin-1" if encoding == "latin-1" else "utf-8")
