"""What holds for all tests."""

from __future__ import annotations

import os

# Many engines run at once here; only the tests of the console itself start one.
os.environ["CORRIDOR_NO_CONSOLE"] = "1"
