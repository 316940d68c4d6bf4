"""`python -m engine.reference [--check] [FOLDER]`: write docs/reference, or say what is stale there."""

from __future__ import annotations

import sys
from pathlib import Path

from engine import reference


def main(arguments: list[str]) -> int:
    """0 = all is as the code says; 1 = with --check something is stale, or an entity broke its schema."""
    words = [word for word in arguments if not word.startswith("-")]
    folder = Path(words[0]) if words else Path("docs/reference")
    if "--check" in arguments:
        wrong = reference.broken(folder) + reference.stale(folder)
        print("\n".join([*wrong, "run: make docs"]) if wrong else "docs/reference is current")
        return 1 if wrong else 0
    try:
        written = reference.write(folder)
    except ValueError as problem:
        print(problem)
        return 1
    print("\n".join(written) or "docs/reference was current")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
