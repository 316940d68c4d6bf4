"""
The mapping packs that are shipped: each makes of its sample what stands beside it in samples/expected.

`samples/conversions.yaml` says which; a file of several products is expected as a list.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from engine import canonical, formats, mapping
from engine.errors import MessageError
from engine.formats import Reading
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes

ROOT = Path(__file__).parents[2]
#: 2026-03-05T13:00:00Z.
NOW = 1_772_715_600.0


class Conversion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of samples/conversions.yaml."""

    mapping: str
    of: str
    gives: str


def conversions() -> list[Conversion]:
    text = (ROOT / "samples/conversions.yaml").read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), list[Conversion])


def converted(name: str, sample: Path) -> list[bytes]:
    """What a mapping makes of a file; of canonical JSON where it reads an entity."""
    mistakes = Mistakes()
    loaded = mapping.load(name, ROOT, mistakes)
    assert not mistakes.found, "\n".join(map(str, mistakes.found))
    assert loaded is not None
    raw = sample.read_bytes()
    facts = Facts(inbound=Inbound(raw=raw, received_at=NOW), context=Context(now=NOW, id=7))
    return [
        each.payload if each.entity is None else canonical.encode(each.entity)
        for node in _read(loaded.from_, raw)
        for each in loaded.apply(node, facts)
    ]


def _read(reads: str, raw: bytes) -> list[Any]:
    if reads in canonical.names():
        found = json.loads(raw)
        entities = found if isinstance(found, list) else [found]
        return [canonical.decode(reads, json.dumps(each).encode()) for each in entities]
    return [formats.load(reads.partition("/")[0]).parse(raw, Reading())]


@pytest.mark.parametrize(
    "case", conversions(), ids=lambda case: f"{case.mapping}-{Path(case.of).name}"
)
def test_a_pack_makes_of_its_sample_what_stands_beside_it(case: Conversion) -> None:
    made = converted(case.mapping, ROOT / "samples" / case.of)
    expected = (ROOT / "samples" / case.gives).read_bytes()
    if not case.gives.endswith(".json"):
        assert b"".join(made) == expected
        return
    found = json.loads(expected)
    assert [json.loads(each) for each in made] == (
        found if isinstance(found, list) else [found]
    )


#: Out of an entity and in again: what a mapping writes, the one that reads it understands.
BACK = {
    "purchase_order_to_x12_850": "x12_850_to_purchase_order",
    "purchase_order_acknowledgement_to_x12_855": "x12_855_to_purchase_order_acknowledgement",
    "ship_notice_to_x12_856": "x12_856_to_ship_notice",
    "invoice_to_x12_810": "x12_810_to_invoice",
    "purchase_order_to_x12_860": "x12_860_to_purchase_order",
    "claim_to_x12_837p": "x12_837p_to_claim",
    "goods_receipt_to_erp_receipt": "erp_receipt_to_goods_receipt",
    "invoice_to_erp_invoice": "erp_invoice_to_invoice",
    "journal_entry_to_erp_journal": "erp_journal_to_journal_entry",
}


@pytest.mark.parametrize("case", [one for one in conversions() if one.mapping in BACK], ids=str)
def test_what_is_written_is_read_again(case: Conversion, tmp_path: Path) -> None:
    source = ROOT / "samples" / case.of
    found = json.loads(source.read_bytes())
    entities = found if isinstance(found, list) else [found]
    written = converted(case.mapping, source)
    for at, (before, raw) in enumerate(zip(entities, written, strict=True)):
        file = tmp_path / f"{at}.x12"
        file.write_bytes(raw)
        (after,) = map(json.loads, converted(BACK[case.mapping], file))
        assert _told(after) == _told(before)


def _told(entity: dict[str, Any]) -> canonical.Entity:
    """What an entity says, but for the number that its source gave it."""
    name = entity["entity"].partition("/")[0]
    return canonical.decode(name, json.dumps({**entity, "source_id": ""}).encode())


def test_a_remittance_that_does_not_balance_makes_no_entry(tmp_path: Path) -> None:
    """R54, with the reason and without an amount."""
    text = (ROOT / "samples/expected/remittance_835.json").read_text("utf-8")
    wrong = tmp_path / "wrong.json"
    wrong.write_text(text.replace('"amount": "7195"', '"amount": "7196"'), "utf-8")
    for name in ("remittance_to_journal_entry", "remittance_to_payment"):
        with pytest.raises(MessageError) as caught:
            converted(name, wrong)
        assert caught.value.code == "unbalanced"
        assert "719" not in str(caught.value)
