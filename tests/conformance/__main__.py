"""
`python -m tests.conformance [FOLDER]`: every mark of every module here, and which are missed. Exit code 1 where one is.

A module offers `run(fixtures) -> {mark: (good, total)}`; a mark is missed where fewer are good than `marks.yaml` says
(a count), or where a share of the total is written, `98%`. A folder that is not there is said and not counted.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
import sys
from pathlib import Path

import yaml

import tests.conformance as package

HERE = Path(__file__).parent
FIXTURES = HERE.parents[2] / "shared/fixtures"


def wanted(mark: str, total: int) -> float:
    """
    How many must be good.

    >>> wanted("98%", 50), wanted("7", 8)
    (49.0, 7.0)
    """
    return total * float(mark[:-1]) / 100 if mark.endswith("%") else float(mark)


def main(fixtures: Path) -> int:
    """Print a line for each mark; how many are missed."""
    if not fixtures.is_dir():
        print(f"{fixtures} is not there: nothing to compare with")
        return 0
    logging.disable()  # what others print of their own troubles is none of ours
    marks = yaml.safe_load((HERE / "marks.yaml").read_text("utf-8"))
    missed = 0
    for name in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
        if name == "__main__":
            continue
        found = importlib.import_module(f"{package.__name__}.{name}").run(fixtures)
        print(f"\n{name}" + ("" if found else ": its data is not there"))
        for mark, (good, total) in found.items():
            least = marks.get(name, {}).get(mark)
            short = least is None or good < wanted(str(least), total)
            missed += short
            share = f"{100 * good / total:5.1f} %" if total else "    -  "
            said = f"  MISSED: {least or 'no mark is recorded'}" if short else f"  mark {least}"
            print(f"  {good:>6} of {total:<6} {share}  {mark}{said}")
    print(f"\n{missed} marks missed")
    return missed


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1]) if len(sys.argv) > 1 else FIXTURES) else 0)
