"""What holds for all tests."""

from __future__ import annotations

import gc
import os
import signal
import threading
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import argon2
import pytest
import typer.main
import typer.testing
from hypothesis import HealthCheck, settings

from engine.channel import Home, home, load_all
from engine.people import passwords
from engine.store import schema, sqlite

# Many engines run at once here; only the tests of the console itself start one.
os.environ["CORRIDOR_NO_CONSOLE"] = "1"
# Where the run was started in the background of a shell, Ctrl-C is ignored, and by all that is started from here: tests send it.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)
# How long one example takes depends on what else runs on the machine: what may take how long is tested by itself.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")
# The commands are put together once, not for each that is run: that takes 40 ms.
typer.testing._get_command = cache(typer.main.get_command)  # type: ignore[attr-defined]
# What was frozen when the tests had been collected stays so, whatever a test loads.
home._without_collecting = nullcontext  # type: ignore[assignment]


@cache
def _new_store() -> bytes:
    """A store that was made just now, as its file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        schema.open_writer(str(path)).close()
        return path.read_bytes()


def _open_writer(path: str, vfs: str | None = None) -> apsw.Connection:
    """A new store is a copy of one: to apply all the steps of its schema takes 7 ms, for each of 700."""
    if vfs is None and not Path(path).exists():
        Path(path).write_bytes(_new_store())
    return schema.open_writer(path, vfs)


sqlite.open_writer = _open_writer  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def shipped_home() -> Home:
    """What is shipped, loaded once for all that only look at it."""
    found = load_all(Path(__file__).parents[1])
    gc.freeze()
    return found


@cache
def _quick_hasher() -> argon2.PasswordHasher:
    return argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@cache
def _quick_nobody() -> str:
    return _quick_hasher().hash("nobody has this password")


@pytest.fixture
def quick_passwords(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords that cost no work to compare; what is slow has the real ones, and measures them."""
    if "slow" not in request.keywords:
        monkeypatch.setattr(passwords, "_hasher", _quick_hasher)
        monkeypatch.setattr(passwords, "_nobody", _quick_nobody)
