"""Ports for what is started later, in another process or again: none that the system gives to whoever asks for any."""

from __future__ import annotations

import os
import random
from itertools import cycle

from engine.cli.stage import is_free

#: Below what Linux (32768) and IANA (49152) hand out by themselves, above what servers commonly have.
_FIRST, _LAST = 20_000, 32_000
_WORKERS = 16


def _mine() -> list[int]:
    """Those of this worker of pytest; the start is drawn, for another run beside this one."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = list(range(_FIRST + worker % _WORKERS, _LAST, _WORKERS))
    start = random.SystemRandom().randrange(len(ports))
    return ports[start:] + ports[:start]


_PORTS = cycle(_mine())


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on, each time another one."""
    return next(filter(is_free, _PORTS))
