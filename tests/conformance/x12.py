"""X12: other projects' files and the 997s that another validator (pyx12) gives, read, checked, edited, split and answered."""

from __future__ import annotations

import codecs
import hashlib
import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.errors import MessageError
from engine.formats import x12
from engine.message import Receipt, Verdict
from engine.reading import Reading

READING = Reading()
BREAKS = str.maketrans("", "", "\r\n")
FOLDERS = ("pyx12", "lfh-x12", "staedi", "edi-net", "edi-835-parser")
#: Guides of which pyx12 has another edition that asks the same of these files.
EDITIONS = {"005010X222A2": "005010X222A1", "005010X223A3": "005010X223A2"}


def run(fixtures: Path) -> dict[str, tuple[int, int]]:
    """The marks by name: how many are good, of how many."""
    files = [path for folder in FOLDERS for path in interchanges(fixtures / folder)]
    if not files:
        return {}
    documents = [document for path in files if (document := readable(path.read_bytes()))]
    clean = [path for path in interchanges(fixtures / "lfh-x12")]
    found = {
        "files read": (len(documents), len(files)),
        "of lfh-x12 read": (
            sum(readable(path.read_bytes()) is not None for path in clean),
            len(clean),
        ),
        "of lfh-x12, accepted at syntax": _passing(clean, "syntax"),
        "of lfh-x12, accepted at guide": _passing(clean, "guide"),
        "untouched, byte for byte": _share(documents, untouched),
        "rebuilt from parts, byte for byte": _share(documents, rebuilt),
        "one element changed, nothing else": _share(documents, one_change),
        "faults in the envelope named": _share(documents, envelope_named),
        "answers of pyx12 reproduced": answered(fixtures),
    }
    with suppress(ImportError):
        import pyx12  # noqa: F401

        found["segments and elements of pyx12"] = compared(documents)
        valid = [document for document in documents if _is_valid(document)]
        found["files known to be valid accepted"] = accepted(valid)
        found["of these, but for acknowledgements"] = accepted(
            [document for document in valid if not _acknowledges(document)]
        )
    return found


def interchanges(folder: Path) -> list[Path]:
    """The files of a folder that hold an interchange."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [
        path for path in found if path.suffix != ".json" and b"ISA" in path.read_bytes()[:200]
    ]


def readable(raw: bytes) -> x12.Document | None:
    """The document; None where it is refused."""
    try:
        return x12.parse(raw, READING)
    except MessageError:
        return None


def _passing(paths: list[Path], level: str) -> tuple[int, int]:
    """Of a whole folder, its broken files included."""
    found = [readable(path.read_bytes()) for path in paths]
    good = sum(one is not None and not list(x12.check(one, level)) for one in found)
    return good, len(paths)


def _share(documents: list[x12.Document], holds: Any) -> tuple[int, int]:
    told = [holds(document) for document in documents]
    told = [one for one in told if one is not None]
    return sum(told), len(told)


def untouched(document: x12.Document) -> bool:
    """Whether an edit that changes nothing gives the bytes back."""
    editor = document.edit()
    editor.changed()
    return bool(editor.render() == document.raw)


def rebuilt(document: x12.Document) -> bool | None:
    """
    Whether its interchanges, put together, are the file byte for byte, and where it is one with one group the sets too (`split:
    ST`); None where the first holds and there is more than that, or less: no set, or a group without its trailer.
    """
    raw = b"".join(x12.parts(document.raw, READING) or [document.raw])
    if raw != document.raw:
        return False
    names = [segment.name for segment in document.segments]
    if names.count("ISA") != 1 or names.count("GS") != 1 or not _is_framed(names):
        return None
    joined = _joined(list(x12.split(document.raw, READING, "ST")))
    return joined == document.raw.removeprefix(codecs.BOM_UTF8)  # which belongs to the file


def _is_framed(names: list[str]) -> bool:
    return names[:3] == ["ISA", "GS", "ST"] and names[-3:] == ["SE", "GE", "IEA"]


def _joined(parts: list[bytes]) -> bytes:
    """
    Header, what each part has between header and trailer, trailer: bytes, with the number of sets made again where each part
    counted its own. Nothing is looked up in the file.
    """
    taken = [_apart(part) for part in parts]
    head, _, trailer = taken[0]
    assert all(each[0] == head and each[2] == trailer for each in taken)
    mark = trailer[2:3]
    if trailer.startswith(b"GE" + mark + b"1" + mark):
        trailer = trailer.replace(b"1", str(len(parts)).encode(), 1)
    return head + b"".join(inner for _, inner, _ in taken) + trailer


def _apart(part: bytes) -> tuple[bytes, bytes, bytes]:
    """Up to its ST, up to its GE, and the rest."""
    document = x12.parse(part, READING)
    marks, codec = document.marks, document.codec
    behind = re.escape(marks.segment.encode(codec)) + rb"\s*"
    bar = re.escape(marks.element.encode(codec))
    first = re.search(behind + rb"(ST)" + bar, part)
    *_, last = re.finditer(behind + rb"(GE)" + bar, part)
    assert first is not None
    return part[: first.start(1)], part[first.start(1) : last.start(1)], part[last.start(1) :]


def one_change(document: x12.Document) -> bool | None:
    """Whether one element that is written changes that one and no other byte."""
    editor = document.edit()
    place = next(
        (
            (at, line)
            for at, line in enumerate(editor.lines)
            if line.name in ("REF", "NM1", "N1")
        ),
        None,
    )
    if place is None or len(place[1].elements) < 3:
        return None
    at, line = place
    line.write(2, "CHANGED")
    editor.changed()
    after = readable(editor.render())
    if after is None:
        return False
    changed = [
        number
        for number, (one, two) in enumerate(zip(document.segments, after.segments, strict=True))
        if one.line != two.line
    ]
    return changed == [at] and after.segments[at].element(2) == "CHANGED"


def envelope_named(document: x12.Document) -> bool | None:
    """Whether the envelope's faults are found; None where a second look finds none."""
    expected = set(envelope_faults(document))
    if not expected:
        return None
    found = {(fault.level, fault.code) for fault in x12.check(document)}
    return expected <= found


def envelope_faults(document: x12.Document) -> Iterator[tuple[str, str]]:
    """A second, simpler look at the counts and control numbers of an interchange alone in its file."""
    names = [segment.name for segment in document.segments]
    if names.count("ISA") != 1:
        return
    if "IEA" not in names:
        yield "interchange", "023"
    pairs = {"SE": ("ST", 2, 2, "set", "3"), "GE": ("GS", 6, 2, "group", "4")}
    pairs["IEA"] = ("ISA", 13, 2, "interchange", "001")
    last: dict[str, Any] = {}
    for segment in document.segments:
        last[segment.name] = segment
        start, first, second, level, code = pairs.get(segment.name, ("", 0, 0, "", ""))
        if (
            start in last
            and last[start].element(first).strip() != segment.element(second).strip()
        ):
            yield level, code
        if segment.name == "SE" and "ST" in last:
            count = segment.position - last["ST"].position + 1
            if segment.element(1).strip().lstrip("0") != str(count):
                yield "set", "4"


def answered(fixtures: Path) -> tuple[int, int]:
    """How many of the expected 997s say the same of every set: verdict, codes and places."""
    pairs = json.loads((fixtures / "pairs.json").read_text("utf-8"))
    ours = [pair for pair in pairs if "997" in pair["kind"]]
    good = sum(
        said(answer((fixtures / pair["input"]).read_bytes()))
        == said((fixtures / pair["expected"]).read_bytes())
        for pair in ours
    )
    return good, len(ours)


def answer(raw: bytes) -> bytes:
    """The acknowledgements of a file on a channel that validates by the guide, each interchange for itself."""
    made = b""
    for one in x12.parts(raw, READING) or [raw]:
        verdict = Verdict.QUARANTINED if _fails(one) else Verdict.ACCEPTED
        made += x12.acknowledge(one, Receipt(id=5, verdict=verdict), READING, 0.0)
    return made


def _fails(raw: bytes) -> bool:
    """Whether a set fails; a fault of the envelope alone refuses none."""
    found = x12.check(x12.parse(raw, READING), "guide")
    return any(fault.level in ("set", "segment", "element") for fault in found)


def said(raw: bytes) -> list[tuple[str, ...]]:
    """What acknowledgements say, in no order: TA1, verdicts of sets and groups, codes and places of faults."""
    found: list[tuple[str, ...]] = []
    for one in x12.parts(raw, READING) or [raw]:
        group = set_ = ""
        for segment in x12.parse(one, READING).segments:
            values = segment.elements
            if segment.name == "AK1":
                group = "/".join(values[1:3])
            elif segment.name == "AK2":
                set_ = "/".join(values[1:3])
            elif segment.name == "AK3":
                found.append((group, set_, values[0], values[1], values[2], *values[4:5]))
            elif segment.name == "AK4":
                found.append((group, set_, *values[:4]))
            elif segment.name == "AK5":
                found.append((group, set_, values[1], *sorted(set(values[2:]))))
            elif segment.name == "AK9":
                found.append((group, *values[:5]))
            elif segment.name == "TA1":
                found.append(tuple(values))
    return sorted(found)


def compared(documents: list[x12.Document]) -> tuple[int, int]:
    """How many files that pyx12's reader reads have as many segments and the same elements there."""
    told = [
        (checksum(document), theirs) for document in documents if (theirs := _theirs(document))
    ]
    return sum(ours == theirs for ours, theirs in told), len(told)


def checksum(document: x12.Document) -> tuple[int, str]:
    """The segments, and one sum over all their elements."""
    component = document.marks.component
    return _summed([(segment.elements, component) for segment in document.segments])


def _summed(segments: list[tuple[list[str], str]]) -> tuple[int, str]:
    """Empty components and elements at the end are none; line breaks are none; ISA16 is no value."""
    lines = []
    for elements, component in segments:
        values = elements[:16] if elements[0] == "ISA" else elements
        plain = [one.translate(BREAKS).rstrip(component) for one in values]
        lines.append("*".join(plain).rstrip("*"))
    whole = "\n".join(lines).encode("utf-8", "surrogatepass")
    return len(lines), hashlib.sha256(whole).hexdigest()


def _theirs(document: x12.Document) -> tuple[int, str] | None:
    from pyx12.x12file import X12Reader

    marks = document.marks
    text = document.text.lstrip("\ufeff").rstrip()
    if not text.endswith(marks.segment):
        text += marks.segment
    found = []
    try:
        reader = X12Reader(io.StringIO(text + "\n"))
        for segment in reader:
            whole = segment.format(seg_term="", ele_term=marks.element)
            found.append((whole.split(marks.element), reader.subele_term or ""))
    except Exception:
        return None
    return _summed(found)


def accepted(valid: list[x12.Document]) -> tuple[int, int]:
    """How many files that pyx12 holds for valid by their guide have no fault here at that level."""
    return sum(not list(x12.check(document, "guide")) for document in valid), len(valid)


def _acknowledges(document: x12.Document) -> bool:
    return {segment.element(1) for segment in document.index["ST"]} <= {"997", "999"}


def _is_valid(document: x12.Document) -> bool:
    from pyx12.params import ParamsBase
    from pyx12.x12n_document import x12n_document

    if "ST" not in document.index:
        return False
    text = document.text
    for ours, theirs in EDITIONS.items():
        text = text.replace(ours, theirs)
    try:
        return bool(x12n_document(ParamsBase(), io.StringIO(text), io.StringIO(), None))
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return False
