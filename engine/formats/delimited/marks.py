"""What marks off the values of a delimited file, as bytes to look for and as patterns of text (RFC 4180)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.errors import MessageError
from engine.formats.delimited.layout import Layout
from engine.rows import encodings


class Marks:
    """A layout's marks in one character set. Every search moves forward only: time is linear in the bytes."""

    def __init__(self, layout: Layout, encoding: str) -> None:
        if not encodings.known(encoding):
            raise MessageError("bad_encoding", f"there is no character set {encoding}")
        self.encoding = encoding
        self.direct = encodings.direct(encoding)
        """Whether the bytes can be searched as they came; else they are made UTF-8 first."""
        self.codec = encodings.plain(encoding) if self.direct else "utf-8"
        end = encodings.ENDS.get(layout.end, layout.end)
        try:
            self.separator = layout.separator.encode(self.codec)
            self.quote = layout.quote.encode(self.codec)
            self.end = end.encode(self.codec)
            self.comment = layout.comment.encode(self.codec)
            self.blanks = [" ".encode(self.codec), "\t".encode(self.codec)]
            self.cr = "\r".encode(self.codec) if end == "\n" else b""
        except UnicodeError:
            rule = f"{encoding} lacks what marks off the values"
            raise MessageError("bad_encoding", rule) from None
        self.bare = b"".join(blank for blank in self.blanks if blank != self.separator)
        self.trim = layout.trim
        self.keep = layout.empty_lines == "keep"
        self.spans = bool(self.quote) and layout.line_breaks != "refuse"
        """Whether a value in quotes may go on in the next line."""
        self.text_separator, self.text_quote = layout.separator, layout.quote
        self.text_blanks = " \t".replace(layout.separator, "") if layout.trim else ""
        self._bytes()

    def _bytes(self) -> None:
        if not self.quote:
            return
        blanks = [each.decode("latin-1") for each in self.blanks]
        separator = self.separator.decode("latin-1")
        blank = _blank(blanks, separator, self.trim)
        marks = {
            "q": re.escape(self.quote.decode("latin-1")),
            "s": re.escape(separator),
            "b": blank,
        }
        inner = _FIELD.format(**marks)
        whole = f"{inner}(?:{marks['s']}{inner})*+"
        self.whole = re.compile(whole.encode("latin-1"))
        self.opened = re.compile(_QUOTED.format(**marks).encode("latin-1"))
        self.blank = re.compile(blank.encode("latin-1"))

    # -- records ------------------------------------------------------------------------------------------

    def lines(self, raw: bytes, at: int, number: int) -> Iterator[tuple[int, int, int, int]]:
        """
        The records from an offset on: where each begins, where its values end, where the next begins, its line.

        Lines without anything in them and comments are passed over.
        """
        end, quote, cr, comment = self.end, self.quote, self.cr, self.comment
        spans, find, size, width = self.spans, raw.find, len(raw), len(self.end)
        while at < size:
            stop = find(end, at)
            after = stop + width
            if stop < 0:
                stop = after = size
            if cr and stop > at and raw[stop - 1 : stop] == cr:
                stop -= 1
            if comment and raw[at : at + len(comment)] == comment:
                at, number = after, number + 1
                continue
            if (
                spans
                and find(quote, at, stop) >= 0
                and self.whole.fullmatch(raw, at, stop) is None
            ):
                stop, after = self.extent(raw, at)
                yield at, stop, after, number
                number += raw[at:stop].count(end) + 1
            else:
                if self.keep or (
                    stop > at and not (self.trim and self.blank_only(raw[at:stop]))
                ):
                    yield at, stop, after, number
                number += 1
            at = after

    def extent(self, raw: bytes, at: int) -> tuple[int, int]:
        """
        Where a record ends whose quotes go over several lines, and where the next begins.

        Where its quotes are wrong it ends with the line in which that shows, so that what follows is read as it is.
        """
        size, end, line = len(raw), self.end, -1
        while True:
            opened = self.opened.match(raw, at)
            if opened is None:
                if line < at and (line := raw.find(end, at)) < 0:
                    line = size
                if self.quote == raw[(start := self._past(raw, at)) : start + 1]:
                    return size, size
                at = raw.find(self.separator, at, line) + 1
                if not at:
                    return self._ended(raw, line)
                continue
            at = opened.end()
            if raw[at : at + 1] == self.separator:
                at += 1
                continue
            if (line := raw.find(end, at)) < 0:
                line = size
            return self._ended(raw, line)

    def blank_only(self, line: bytes) -> bool:
        """Whether nothing but blanks stands in a line."""
        return not line.strip(self.bare)

    def _past(self, raw: bytes, at: int) -> int:
        """The offset behind the blanks that do not count."""
        found = self.blank.match(raw, at)
        return found.end() if found else at

    def _ended(self, raw: bytes, line: int) -> tuple[int, int]:
        after = min(len(raw), line + len(self.end))
        bare = self.cr and raw[line - 1 : line] == self.cr
        return line - bool(bare), after

    # -- values -------------------------------------------------------------------------------------------

    def values(self, text: str) -> list[str]:
        """The values of a record; MessageError `bad_quotes` where its quotes are wrong."""
        quote, separator, blanks = self.text_quote, self.text_separator, self.text_blanks
        found = text.split(separator)
        if not quote or quote not in text:
            return [value.strip(blanks) for value in found] if blanks else found
        made: list[str] = []
        opened: list[str] = []
        quotes = 0
        for value in found:
            bare = value.strip(blanks) if blanks else value
            if not opened and not bare.startswith(quote):
                made.append(bare)
                continue
            opened.append(value)
            quotes += value.count(quote)
            if quotes % 2 == 0:
                made.append(self.unquoted(separator.join(opened)))
                opened, quotes = [], 0
        if opened:
            raise MessageError("bad_quotes", "a quote is opened and not closed")
        return made

    def unquoted(self, text: str) -> str:
        """A value without the quotes around it; MessageError where they do not stand around it."""
        quote, said = (
            self.text_quote,
            text.strip(self.text_blanks) if self.text_blanks else text,
        )
        value = said[1:-1]
        if quote in value:
            if quote in value.replace(quote + quote, ""):
                raise MessageError("bad_quotes", "a quote stands alone inside quotes")
            value = value.replace(quote + quote, quote)
        if not said.endswith(quote) or len(said) < 2:
            raise MessageError("bad_quotes", "something stands behind a closing quote")
        return value


#: One value: in quotes, or not. What may follow is looked at by who reads it.
_QUOTED = "{b}{q}[^{q}]*+(?:{q}{q}[^{q}]*+)*+{q}{b}"
_FIELD = "(?:{b}{q}[^{q}]*+(?:{q}{q}[^{q}]*+)*+{q}{b}|(?!{b}{q})[^{s}]*+)"


def _blank(blanks: list[str], separator: str, trim: bool) -> str:
    """The pattern of blanks that do not count; nothing where they do."""
    counted = "".join(re.escape(blank) for blank in blanks if blank != separator)
    return f"[{counted}]*+" if trim else ""
