"""
Rules that are left out because what they need is empty, things that are made once and kept, and values that are not validated because
they are made right, change nothing: with all of it and without, random messages become the same Bundles, or fail alike. For all shipped mappings of HL7 v2, and for random expressions.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine import formats, mapping
from engine.fhir.doubts import DOUBTS
from engine.formats import Reading
from engine.mapping import kept, loading, resource_making
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes
from tests.packs.conversion import NOW, ROOT, given_tables

#: Seconds for each test, and what the numbers are drawn from.
SECONDS, SEED = 20.0, 20_261_121
HL7 = formats.load("hl7v2")
VALUES = ("", "", "", "", '""', "X", "20260101", "1", "^^^", "a&b&c", "&&", "^X", "X~Y", "~", "M", "  ", "\\T\\", "1^2^3^4^5^6^7^8^9^10^11^12", "urn:a b", "a\xa0b", "<b>", "20260101120000+2300", "-1.50", "F")  # fmt: skip


@contextmanager
def plainly() -> Iterator[None]:
    """Mappings that are compiled here ask every rule, make everything anew and have it validated."""
    bundle = resource_making.bundle

    def doubted(make: Any, into: Callable[..., None]) -> Any:
        def each_time(*given: Any) -> None:
            into(*given)
            DOUBTS.add()

        return bundle(make, each_time)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resource_making, "choosing", lambda *given: None)
        patch.setattr(resource_making, "bundle", doubted)
        patch.setattr(kept, "_WIDEST", -1)
        patch.setattr(loading.uses, "repeats", lambda *given: None)
        yield


def both(home: Path, name: str) -> tuple[Any, Any]:
    """A mapping as it is, and plainly."""

    def load() -> Any:
        shelf = mapping.Shelf(home, Mistakes())
        found = shelf.find(name, "UTC", {})
        assert found is not None, "\n".join(map(str, shelf.mistakes.found))
        return found

    quick = load()
    with plainly():
        return quick, load()


def runner(context: Context) -> Callable[[Any, bytes], Any]:
    def run(made: Any, raw: bytes) -> Any:
        facts = Facts(inbound=Inbound(raw=raw, received_at=NOW), context=context)
        try:
            return [each.payload for each in made.apply(HL7.parse(raw, Reading()), facts)]
        except Exception as error:
            return type(error).__name__, str(error)

    return run


def changed(draw: random.Random, raw: bytes) -> bytes:
    """A message with some fields and components emptied, filled or swapped."""
    segments = raw.decode("latin-1").replace("\n", "\r").rstrip("\r").split("\r")
    for _ in range(draw.randint(1, 12)):
        at = draw.randrange(1, len(segments))
        fields = segments[at].split("|")
        place = draw.randrange(1, len(fields) + draw.randint(1, 4))
        fields += [""] * (place + 1 - len(fields))
        parts = fields[place].split("^")
        how = draw.random()
        if how < 0.5:
            fields[place] = draw.choice(VALUES)
        elif how < 0.8:
            parts[draw.randrange(len(parts))] = draw.choice(VALUES)
            fields[place] = "^".join(parts)
        else:
            fields[place] = draw.choice(draw.choice(segments[1:]).split("|"))
        segments[at] = "|".join(fields)
        if draw.random() < 0.05:
            segments.insert(at, segments[at])
    return "\r".join(segments).encode("latin-1")


@pytest.mark.slow
def test_shipped_mappings_make_the_same_with_all_their_rules() -> None:
    quick, plain = both(ROOT, "hl7v2_to_fhir")
    run = runner(Context(now=NOW, id=7, lookups=given_tables()))
    every = [path.read_bytes() for path in sorted((ROOT / "samples/hl7v2").glob("*.hl7"))]
    samples = [raw for raw in every if isinstance(run(quick, raw), list)]
    draw, until, compared = random.Random(SEED), time.monotonic() + SECONDS, 0
    assert len(samples) > 40
    while time.monotonic() < until:
        raw = changed(draw, draw.choice(samples))
        assert run(quick, raw) == run(plain, raw), raw
        compared += 1
    assert compared > 200


NUMBERS = ("PID-8", "PID-3.1 ?? PID-4", 'PID-3[.2 == "X"].1', "MSH-4", '"{PID-8}|{MSH-4}"')


class Expressions:
    """Random expressions of PID, or of one name of it."""

    def __init__(self, draw: random.Random, *paths: str) -> None:
        self.draw, self.paths = draw, paths

    def path(self) -> str:
        return self.draw.choice(self.paths)

    def text(self, depth: int = 0) -> str:
        if depth > 2:
            return self.path()
        a, b = self.text(depth + 1), self.text(depth + 1)
        condition = self.condition(depth + 1)
        kinds = (
            a, f"({a}) | upper", f"{a} ?? {b}", f'{a} ?? "x"', f"if({condition}, {a}, {b})", f'if({condition}, "y", null)',
            f'join([{a}, {b}], "-")', f"({a}) | left(2)", f"first([{a}, {b}])", f'({a}) | replace("a", "b")',
            f"stable_id({a}, {b})", f"({a}) | trim", self.path(), self.path(),
        )  # fmt: skip
        return self.draw.choice(kinds)

    def condition(self, depth: int = 0) -> str:
        if depth > 2:
            return f"exists({self.path()})"
        a, b, text = self.condition(depth + 1), self.condition(depth + 1), self.text(depth + 1)
        kinds = (
            f"not {a}", f"({a} and {b})", f"({a} or {b})", f'({text}) == "X"', f'({text}) != "X"', f'({text}) in ["X", "a"]',
            f'({text}) not in ["X", "a"]', f"({text}) == {self.path()}", f"exists({text})",
        )  # fmt: skip
        return self.draw.choice(kinds)

    def value(self) -> str:
        if self.draw.random() < 0.6:
            return self.text()
        choices = f"\n    - when: {self.condition()}\n      value: {self.text()}"
        last = f"\n    - value: {self.text()}"
        return choices + (last if self.draw.random() < 0.5 else "")

    def extensions(self) -> str:
        url = '      fields:\n        url: "http://a.example"\n'
        made = "  extension:\n"
        for _ in range(self.draw.randint(1, 3)):
            made += f"    - when: {self.condition()}\n{url}"
            made += self.draw.choice(("        valueBoolean: true\n", f"        valueString: {self.text()}\n"))  # fmt: skip
            made += f"    -\n{url}        valueBoolean: {self.condition()}\n"
        return made


def write(home: Path, draw: random.Random) -> None:
    name = Expressions(draw, ".1", ".2", ".3", ".4", ".1.1", ".4.2", ".5")
    pid = Expressions(draw, "PID-3", "PID-5.1", "PID-5.2", "PID-7", "PID-8", "PID-3.4.1", "PID-30", "number",
        'PID-3[.1 == "X"].2', "PID-3[.1 == PID-8].2", "PID-5[.2 == number].1", "MSH-4")  # fmt: skip
    inside = Expressions(draw, "it", ".1", ".2", "number", "PID-8", "PID-3[.1 == number].2")
    texts = {
        "name": f"from: hl7v2/XPN\nto: fhir/HumanName\nfields:\n  family: {name.value()}\n  text: {name.value()}\n"
        f"  given: {name.text()}\n{name.extensions()}",
        "pid": f"from: hl7v2/PID\nto: fhir/Patient\nlet:\n  number: {draw.choice(NUMBERS)}\nfields:\n"
        f"  name:\n    - {{use: name, each: PID-5(*)}}\n"
        f"    - each: PID-9(*)\n      when: {inside.condition()}\n      fields:\n        text: {inside.text()}\n        given: {inside.text()}\n"
        f"    - use: name\n      of: PID-9\n      when: {pid.condition()}\n"
        f"    - when: {pid.condition()}\n      fields:\n        text: {pid.text()}\n        family: {pid.text()}\n"
        f"  maritalStatus.text: {pid.value()}\n  active: {pid.condition()}\n{pid.extensions()}",
        "whole": 'from: hl7v2\nto: fhir/Bundle\nresources: {p: {use: pid, of: PID}}\nfields: {type: "collection"}\n',
    }  # fmt: skip
    (home / "mappings").mkdir(exist_ok=True)
    for file, text in texts.items():
        (home / f"mappings/{file}.yaml").write_text(text)


@pytest.mark.slow
def test_random_expressions_give_the_same_with_all_their_rules(tmp_path: Path) -> None:
    draw, until, compared = random.Random(SEED), time.monotonic() + SECONDS, 0
    run = runner(Context(now=NOW, id=7))
    while time.monotonic() < until:
        write(tmp_path, draw)
        quick, plain = both(tmp_path, "whole")
        for _ in range(30):
            fields = "|".join(draw.choice(VALUES) for _ in range(31))
            marks = draw.choice(("^~\\&", "^~\\&", "&~\\^", "~^\\&"))
            kind = f"ADT{marks[0]}A01"
            raw = f"MSH|{marks}|A|{draw.choice('BC')}|C|D|20260101||{kind}|1|P|2.5.1\rPID|{fields}\r".encode()
            assert run(quick, raw) == run(plain, raw), (raw, (tmp_path / "mappings/pid.yaml").read_text())  # fmt: skip
            compared += 1
    assert compared > 1000
