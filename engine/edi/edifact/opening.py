"""The header of an interchange that is built: UNA, UNB, and what UNH says (ISO 9735-1 sections 7 and 8)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from engine.edi.edifact.tokens import charsets
from engine.edi.marks import ABSENT, Marks
from engine.edi.release import guarded, shown
from engine.edi.writer import Writer
from engine.errors import MessageError

if TYPE_CHECKING:
    from engine.edi.building import Built

#: The usual service characters, and what UNA says of them.
MARKS = Marks(element="+", component=":", repetition=ABSENT, segment="'", release="?")
ADVICE = "UNA:+.? '"
#: The character set that is written where the mapping or the partner says none: letters of western Europe.
CHARSET = "UNOC"
_REPEATS = Marks(element="+", component=":", repetition="*", segment="'", release="?")


def interchange(built: Built, version: str, facts: Any) -> tuple[bytes, Writer]:
    """
    The header, out of what the mapping set and what stands for the rest, and a writer for what is between it and the
    trailers. The message's own number and kind are filled in.
    """
    line, context = built.envelope["UNB"], getattr(facts, "context", None)
    moment = time.gmtime(getattr(context, "now", 0.0))
    reference = str(getattr(context, "id", 0) % 10**14)
    tried = getattr(getattr(facts, "inbound", None), "test", False)
    defaults = {
        (1, 1): CHARSET,
        (1, 2): "3",
        (2, 1): "CORRIDOR",
        (3, 1): "PARTNER",
        (4, 1): time.strftime("%y%m%d", moment),
        (4, 2): time.strftime("%H%M", moment),
        (5, 0): reference,
    }
    if tried or getattr(context, "environment", "") == "test":
        defaults[11, 0] = "1"
    for leaf, text in defaults.items():
        line.values.setdefault(leaf, [text])
    marks = _REPEATS if line.text(1, 2) >= "4" else MARKS
    advice = "UNA:+.?*'" if marks is _REPEATS else ADVICE
    writer = EdifactWriter(marks, version, built.guide.dictionary)
    writer.codec = codec_of(line.text(1, 1))
    header = marks.element.join(["UNB", *writer.elements("UNB", line.values, "")])
    writer.trailers = (("UNZ", shown(guarded(line.text(5), marks), marks)),)
    _message(built, version)
    return (advice + header + marks.segment).encode(writer.codec), writer


def codec_of(charset: str) -> str:
    """The codec of a character set (UNB01-1). MessageError where there is none of that name."""
    codec = charsets().get(charset)
    if codec is None:
        rule = f"the character set is one of {', '.join(sorted(charsets()))}"
        raise MessageError("bad_value", rule, "UNB01-1")
    return codec


def _message(built: Built, version: str) -> None:
    """UNH: its number in the interchange, kind and directory."""
    values = built.line(built.part.first, "UNH", (), 1).values
    values.setdefault((1, 0), ["1"])
    values[2, 1] = [built.guide.head.set]
    values.setdefault((2, 2), [version[:-3] or "D"])
    values.setdefault((2, 3), [version[-3:]])
    values.setdefault((2, 4), ["UN"])


class EdifactWriter(Writer):
    """Writes in the character set of the interchange."""

    def closed(self) -> bytes:
        """See Writer.closed. MessageError where a character is not in the interchange's character set."""
        try:
            return super().closed()
        except UnicodeEncodeError:
            rule = f"a character is not in {self.codec}, the character set of the interchange"
            raise MessageError("unmappable", rule, "UNB01-1") from None
