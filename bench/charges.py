"""
The shipped DFT channel under load: python bench/charges.py [--seconds 5] [--connections 32].

Each message holds two FT1 and goes to four destinations (billing, inventory and ERP by HTTP, the nightly file): eight deliveries.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from run import HERE, SINK, engine, measure, running

ROOT = HERE.parent
PORT = 2575


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=5.0)
    arguments.add_argument("--connections", type=int, default=32)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        shutil.copy(ROOT / "config.yaml", home)
        (home / "channels").mkdir()
        shutil.copy(ROOT / "channels/or_supply_usage.yaml", home / "channels")
        shutil.copytree(ROOT / "mappings", home / "mappings")
        shutil.copytree(ROOT / "samples", home / "samples")
        sink = [sys.executable, str(HERE / "sink.py"), str(SINK), "9301", "9302", "9303"]
        sample = ROOT / "samples/hl7v2/dft_p03_implants.hl7"
        with running(sink, SINK), engine(home, PORT) as (process, running_home):
            found = measure(process.pid, PORT, chosen.connections, chosen.seconds, 1, 6, sample)
            lines = nightly(running_home)
    print(
        f"{found['rate']:.0f} messages/s, {found['rate'] * 8:.0f} deliveries/s (three quarters of them at partners), "
        f"ACK p99 {found['p99_ms']:.1f} ms, {found['cpu_ms'] / 8:.3f} ms CPU a delivery, {found['memory_mb']:.0f} MB, "
        f"lost {found['lost']}, {lines} lines in the nightly file"
    )


def nightly(home: Path) -> int:
    return sum(
        len(file.read_bytes().splitlines())
        for file in (home / "out/nightly").iterdir()
        if file.is_file()
    )


if __name__ == "__main__":
    main()
