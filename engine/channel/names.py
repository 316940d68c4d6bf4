"""What a name may be: of a channel, a destination, a `let`, a memory, a parameter."""

from __future__ import annotations

import re

NAME = re.compile(r"[a-z][a-z0-9_]*")


def spelled(name: str) -> str:
    """
    A name as an identifier.

    >>> spelled("Lab-Results 2")
    'lab_results_2'
    """
    word = re.sub(r"\W+", "_", name.lower()).strip("_")
    return word if NAME.fullmatch(word) else f"x_{word}".rstrip("_")
