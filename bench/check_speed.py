"""
How long it takes to load a home of many channels, each with a mapping of its own: what `corridor check` does before it tests.

    python bench/check_speed.py [--channels 500] [--profile]

The channels are the shipped or_supply_usage without its tests, the mappings the shipped dft_p03_to_charge_event; renders, tables and
layouts are shared. Each round is a process of its own, as `corridor check` is one; seconds are those of its processor,
so that what else the machine does counts little. Printed: the best of the rounds, and its parts.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engine.channel.home import load_all
from engine.placed import Mistakes, read_file

ROOT = Path(__file__).parents[1]
CHANNEL, MAPPING = "or_supply_usage", "dft_p03_to_charge_event"
ROUNDS = 5


def build(home: Path, channels: int) -> None:
    """Write the home."""
    shutil.copy(ROOT / "config.yaml", home)
    shutil.copytree(ROOT / "mappings", home / "mappings")
    (home / "channels").mkdir()
    channel = (ROOT / f"channels/{CHANNEL}.yaml").read_text("utf-8").partition("\ntests:")[0]
    mapping = (ROOT / f"mappings/{MAPPING}.yaml").read_text("utf-8")
    for number in range(channels):
        said = channel.replace("port: 2575", f"port: {20000 + number}")
        said = said.replace(MAPPING, f"{MAPPING}_{number}")
        said = said.replace("out/nightly", f"out/nightly_{number}")
        (home / f"channels/{CHANNEL}_{number}.yaml").write_text(said + "\n", "utf-8")
        (home / f"mappings/{MAPPING}_{number}.yaml").write_text(mapping, "utf-8")


def load(home: Path, profile: bool) -> None:
    """Load the home in this process, and print seconds of the processor by part."""
    imported = time.process_time()
    profiler = cProfile.Profile()
    if profile:
        profiler.enable()
    found = load_all(home)
    profiler.disable()
    loaded = time.process_time()
    if profile:
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(45)
    figures = {"imports": imported, "load": loaded - imported, "channels": len(found.channels)}  # fmt: skip
    print(json.dumps(figures))


def parts(home: Path) -> dict[str, float]:
    """Seconds of reading all YAML once, apart from what is made of it."""
    seconds: dict[str, float] = {}
    for folder in ("channels", "mappings"):
        began = time.process_time()
        for path in (home / folder).glob("*.yaml"):
            read_file(path, path.name, Mistakes())
        seconds[f"YAML of {folder}"] = time.process_time() - began
    return seconds


def main() -> None:
    """Print seconds and parts."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--channels", type=int, default=500)
    words.add_argument("--profile", action="store_true")
    words.add_argument("--home", type=Path, help="load this home once, in this process")
    given = words.parse_args()
    if given.home is not None:
        load(given.home, given.profile)
        return
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        build(home, given.channels)
        command = [sys.executable, __file__, "--home", folder]
        if given.profile:
            subprocess.run([*command, "--profile"], check=True)
            return
        rounds = []
        for _ in range(ROUNDS):
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            rounds.append(json.loads(done.stdout))
        best = min(rounds, key=lambda figures: figures["load"])
        print(
            f"{best['imports'] + best['load']:6.2f} s  {best['channels']} channels with as many mappings"
        )
        print(f"{best['imports']:6.2f} s  Python and imports")
        print(f"{best['load']:6.2f} s  loading, of which")
        for name, seconds in parts(home).items():
            print(f"{seconds:6.2f} s    {name}")


if __name__ == "__main__":
    main()
