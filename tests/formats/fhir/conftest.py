"""A lab order as a message Bundle, and mappings that read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.formats import fhir
from engine.mapping import load
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes
from engine.reading import Reading

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "samples/fhir/lab_order.json"
FACTS = Facts(inbound=Inbound(raw=b"", received_at=0), context=Context(now=1_795_262_400.0))


class Mapped:
    """Mappings of a home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "mappings").mkdir()

    def load(self, text: str, **files: str) -> tuple[Any, Mistakes]:
        for name, content in {"m": text, **files}.items():
            (self.home / f"mappings/{name}.yaml").write_text(content)
        mistakes = Mistakes()
        return load("m", self.home, mistakes), mistakes

    def made(self, text: str, raw: bytes | None = None, **files: str) -> list[Any]:
        mapping, mistakes = self.load(text, **files)
        assert mistakes.found == []
        document = fhir.parse(SAMPLE.read_bytes() if raw is None else raw, Reading())
        return [product.payload for product in mapping.apply(document, FACTS)]

    def wrong(self, text: str, **files: str) -> str:
        _, mistakes = self.load(text, **files)
        return "\n".join(str(each) for each in mistakes.found)


@pytest.fixture
def mapped(tmp_path: Path) -> Mapped:
    return Mapped(tmp_path)
