"""The channels of the home as they stand in its files, for everything that is tried in the console; read again when a file changes."""

from __future__ import annotations

import threading
from pathlib import Path

from engine.channel import Channel, Home, load_all
from engine.web.problem import Problem

#: What channels are made of, below the home.
_PLACES = ("config.yaml", "channels", "mappings")


class Loaded:
    """Channels, loaded when somebody first asks. Safe for threads."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._print: frozenset[tuple[str, int, int]] | None = None
        self._loaded: Home | None = None

    def home(self) -> Home:
        """Everything that is without mistakes. ConfigError where config.yaml has some."""
        with self._lock:
            now = frozenset(self._files())
            if self._loaded is None or now != self._print:
                self._loaded = load_all(self._home, lenient=True)
                self._print = now
            return self._loaded

    def channel(self, name: str) -> tuple[Home, Channel]:
        """One channel and the home around it; Problem where its file is gone or has mistakes."""
        home = self.home()
        if name not in home.channels:
            raise Problem(
                409,
                "no_such_channel",
                f"the file of the channel {name} is gone or has mistakes; corridor check says which",
            )
        return home, home.channels[name]

    def _files(self) -> list[tuple[str, int, int]]:
        found = []
        for place in _PLACES:
            path = self._home / place
            for each in [path, *(path.rglob("*") if path.is_dir() else ())]:
                if each.is_file():
                    facts = each.stat()
                    found.append((str(each), facts.st_mtime_ns, facts.st_size))
        return found
