"""What holds for all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.channel import Home, load_all

# Many engines run at once here; only the tests of the console itself start one.
os.environ["CORRIDOR_NO_CONSOLE"] = "1"


@pytest.fixture(scope="session")
def shipped_home() -> Home:
    """What is shipped, loaded once for all that only look at it."""
    return load_all(Path(__file__).parents[1])
