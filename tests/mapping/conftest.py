"""One synthetic message, and short ways to compile and run what stands in a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import mapping
from engine.formats import Reading, Scope, Shape, load
from engine.mapping import Expression, Language, Mapping, fill
from engine.mapping.tables import Tables
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes, Place, Scalar

HL7 = (
    b"MSH|^~\\&|ADT1|MERCY|LAB|CORRIDOR|20261121103000-0600||DFT^P03^DFT_P03|MSG00042|P|2.5.1\r"
    b"EVN|P03|20261121103000\r"
    b"PID|1||100234^^^MERCY^MR~999-11-2222^^^SSA^SS||TEST^ANNA^M||19800102|F|||1 MAIN^^CHICAGO|||||||AC77\r"
    b'PV1|1|I|4W^401^A|||||""\r'
    b"FT1|1|||20261121101500|20261121|CG|IMP-4471^STEM^LOCAL|||12|4200.00||||||||I10.9^^I10~Z96^^I10\r"
    b"FT1|2|||20261121102000|20261121|CR|SUP-0099^SUTURE^LOCAL|||x||||||||||\r"
    b"FT1|3|||20261121102000|20261121|PA||||||||||||||\r"
)
FACTS = Facts(
    inbound=Inbound(
        raw=b"",
        received_at=1_795_239_000.5,
        peer="10.2.0.7",
        facts={
            "file_name": "a b.csv",
            "folder": "in",
            "line": "7",
            "header.x-facility": "NORTH",
        },
    ),
    context=Context(now=1_795_239_000.25, id=236_691),
)


class Said:
    """Compiles and runs expressions over one message."""

    def __init__(self, home: Path, format: str, node: Any, shape: Shape | None = None) -> None:
        self.home, self.node, self.mistakes = home, node, Mistakes()
        self.facts = FACTS
        """What planning is given; tests may put another one here."""
        self.language = Language(
            shape=shape or Shape(format=format),
            format=load(format),
            mistakes=self.mistakes,
            tables=Tables(home, self.mistakes),
            zone="America/Chicago",
        )

    def compile(self, text: str, style: str = "plain", safe: str = "") -> Expression | None:
        """The expression, or None with its mistakes in `mistakes`."""
        scalar = Scalar(text=text, style=style, place=Place(file="f.yaml", line=1, column=1))
        if safe:
            return fill(scalar, self.language, safe)
        return mapping.expression(scalar, self.language)

    def __call__(self, text: str, style: str = "plain", safe: str = "") -> Any:
        """Its value."""
        found = self.compile(text, style, safe)
        assert found is not None, [str(mistake) for mistake in self.mistakes]
        return found.run(Scope(self.node, self.facts))

    def wrong(self, text: str, style: str = "plain") -> Any:
        """The one mistake it has."""
        self.mistakes.found.clear()
        assert self.compile(text, style) is None
        (mistake,) = self.mistakes.found
        return mistake


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "mappings" / "tables").mkdir(parents=True)
    (tmp_path / "mappings" / "tables" / "sex.csv").write_text(
        "theirs,ours\nF,female\nM,male\nU,\n"
    )
    return tmp_path


@pytest.fixture
def hl7(home: Path) -> Said:
    return Said(home, "hl7v2", load("hl7v2").parse(HL7, Reading()))


@pytest.fixture
def json(home: Path) -> Callable[[bytes], Said]:
    return lambda raw: Said(home, "json", load("json").parse(raw, Reading()))


@pytest.fixture
def make(home: Path) -> Callable[..., Mapping]:
    """A mapping from its text."""

    def make(text: str, zone: str = "America/Chicago") -> Mapping:
        (home / "mappings" / "made.yaml").write_text(text)
        mistakes = Mistakes()
        found = mapping.load("made", home, mistakes, zone)
        assert found is not None, "\n".join(str(mistake) for mistake in mistakes)
        return found

    return make


@pytest.fixture
def mistakes_of(home: Path) -> Callable[[str], list[str]]:
    """What a mapping has wrong: `line:column problem`, in the order of the file."""

    def mistakes_of(text: str) -> list[str]:
        (home / "mappings" / "made.yaml").write_text(text)
        mistakes = Mistakes()
        assert mapping.load("made", home, mistakes) is None
        return [f"{each.line}:{each.column} {each.problem}" for each in sorted(mistakes)]

    return mistakes_of


@pytest.fixture
def message() -> Any:
    return load("hl7v2").parse(HL7, Reading())


@pytest.fixture
def facts() -> Facts:
    return FACTS
