"""Homes with one channel, written in place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.channel import Home, load_all

Write = Callable[..., Home]

CHARGE = """
from: hl7v2
to: ChargeEvent
each: FT1
fields:
  source_id: "{MSH-10}-{FT1-1}"
  patient_account.number: PID-18.1
  status: "charge"
  occurred_at: FT1-4 | datetime
  item.code: FT1-7.1
  quantity: FT1-10 | decimal
"""
CHARGE_TO_JSON = """
from: ChargeEvent
to: json
fields:
  code: item.code
  quantity: quantity
"""
EDIT = """
from: hl7v2
to: hl7v2
set:
  MSH-5: "DOWNSTREAM"
"""


@pytest.fixture
def home(tmp_path: Path) -> Write:
    """Writes files (`feed="..."` is channels/feed.yaml, `config="..."` config.yaml) and loads the home."""
    (tmp_path / "channels").mkdir()
    mappings = {"charge": CHARGE, "charge_to_json": CHARGE_TO_JSON, "edit": EDIT}
    (tmp_path / "mappings").mkdir()
    for name, text in mappings.items():
        (tmp_path / f"mappings/{name}.yaml").write_text(text)

    def write(lenient: bool = False, config: str | None = None, **channels: str) -> Home:
        if config is not None:
            (tmp_path / "config.yaml").write_text(config)
        for name, text in channels.items():
            (tmp_path / f"channels/{name}.yaml").write_text(text)
        return load_all(tmp_path, lenient=lenient)

    return write
