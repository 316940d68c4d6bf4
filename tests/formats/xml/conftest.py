"""A home with one mapping, written in place, and one synthetic order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import mapping
from engine.formats import Reading, load
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes

ORDER = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- of the night run -->
<?erp keep?>
<po:Order xmlns:po="urn:example:orders" version='2'>
  <po:Header><po:Number>4711</po:Number>
    <po:Buyer code="B1"/>
    <po:Note xml:space="default">to <b>dock</b>  <!-- not this --> 4</po:Note>
  </po:Header>
  <po:Line id="1" status="new"><po:Item><![CDATA[A & B]]></po:Item><po:Qty unit="EA"> 5 </po:Qty></po:Line>
  <po:Line id="2" status="void"><po:Item>C</po:Item><po:Qty unit="BX">7.50</po:Qty></po:Line>
  <po:Line id="3"><po:Item/><po:Qty xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/></po:Line>
</po:Order>
"""
SPACES = 'namespaces: {po: "urn:example:orders"}\n'


class Mapped:
    """Compiles a mapping and applies it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "mappings").mkdir()

    def load(self, text: str, **files: str) -> tuple[Any, Mistakes]:
        """The mapping, and its mistakes; `files` are other mappings."""
        for name, content in {"m": text, **files}.items():
            (self.home / f"mappings/{name}.yaml").write_text(content, "utf-8")
        mistakes = Mistakes()
        return mapping.load("m", self.home, mistakes), mistakes

    def put(self, name: str, content: str) -> None:
        """A file of `mappings/`."""
        path = self.home / "mappings" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")

    def made(self, text: str, raw: bytes = ORDER, **files: str) -> list[bytes]:
        """What the mapping makes, as bytes."""
        found, mistakes = self.load(text, **files)
        assert found is not None, "\n".join(map(str, mistakes.found))
        facts = Facts(inbound=Inbound(raw=raw, received_at=0), context=Context(now=0))
        document = load(found.from_.partition("/")[0]).parse(raw, Reading())
        return [product.payload for product in found.apply(document, facts)]

    def wrong(self, text: str, **files: str) -> str:
        """Its mistakes, as people see them."""
        found, mistakes = self.load(text, **files)
        assert found is None
        return "\n".join(map(str, mistakes.found))


@pytest.fixture
def mapped(tmp_path: Path) -> Mapped:
    return Mapped(tmp_path)
