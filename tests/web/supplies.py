"""A house whose channel reads a data table, for the tests of quarantine and tables."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from engine.handling import table_changes, tables
from tests.ports import free_port
from tests.web.conftest import Running, message

CHANNEL = """
description: Used supplies for billing
owner: revenue
tags: [billing]
source:
  mllp: {{port: {supplies}}}
format: hl7v2
transform: supplies
destinations:
  billing:
    http: {{url: "http://127.0.0.1:{partner}/supplies", timeout: 2s}}
    retry: {{first_wait: 200ms, longest_wait: 1s, attempts: 3}}
"""
MAPPING = """
from: hl7v2
to: json
fields:
  control: MSH-10
  item: lookup("cdm", "charge_code", code=PID-8)
"""
TABLE = """
description: What a used item is charged as
owner: revenue-integrity
keys: [code]
columns: [charge_code, price]
"""


class Supplies(Running):
    """`charges` and `lab` as ever, and `supplies`, which looks PID-8 up in the table `cdm`: A1 is there."""

    supplies = 0

    def _begin(self) -> subprocess.Popen[bytes]:
        self.supplies = free_port()
        said = CHANNEL.format(supplies=self.supplies, partner=self.partner.port)
        self.write("channels/supplies.yaml", said)
        self.write("mappings/supplies.yaml", MAPPING)
        self.write("mappings/tables/cdm.yaml", TABLE)
        definition = tables.declared(self.home, "cdm")
        with table_changes.sheet(
            self.home, definition, b"code,charge_code,price\nA1,100,5\n"
        ) as made:
            table_changes.publish(self.home, made.wanted, "ann", "the first list")
        return super()._begin()

    def use(self, *codes: str) -> None:
        """Messages with these codes on the channel `supplies`."""
        mllp, self.mllp = self.mllp, self.supplies
        try:
            self.send(*(message(f"S{code}{at}", sex=code) for at, code in enumerate(codes)))
        finally:
            self.mllp = mllp


def house(folder: Path) -> Any:
    """A running one."""
    return Supplies(folder)
