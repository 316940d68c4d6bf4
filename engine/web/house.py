"""What all requests share: the store's read side, the running engine, people, the installation."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from engine import installation, orders
from engine.errors import CommandError, ConfigError, StoreError
from engine.handling.quarantine import Quarantine
from engine.people.directory import Directory
from engine.placed import Mistakes
from engine.store.archive import SqliteArchive
from engine.web.attempts import Attempts
from engine.web.fresh import Fresh
from engine.web.hub import Hub
from engine.web.jobs import Jobs
from engine.web.kept import Searches
from engine.web.loaded import Loaded
from engine.web.rows import Row
from engine.web.standing import Channel, everything
from engine.web.streaming import Places
from engine.web.uploads import Uploads
from engine.web.watching import Watch

#: Seconds that what the engine says of itself is shown to everybody who asks: many viewers are one question.
FRESH = 1.0
#: Seconds that it may take to say how it stands.
PATIENCE = 5.0


class House:
    """One home, as the console sees it. Safe for threads."""

    def __init__(self, home: Path) -> None:
        """ConfigError where config.yaml has mistakes."""
        self.home = home
        mistakes = Mistakes()
        said = installation.load(home, mistakes)
        if said is None:
            raise ConfigError(mistakes.found)
        self.installation = said
        self.directory = Directory(home)
        self.loaded = Loaded(home)
        self.searches = Searches()
        self.jobs = Jobs()
        self.quarantine = Quarantine()
        self.uploads = Uploads()
        self.attempts = Attempts(self.audit)
        self.hub = Hub(home / said.logs.folder)
        """The logs, for all who watch."""
        self.places = Places()
        """Who listens to streams."""
        self._archive: SqliteArchive | None = None
        self._lock = threading.Lock()
        self.live = Fresh(self._ask, FRESH)
        """How the engine stands (engine/runtime/state.py), at most FRESH seconds old; `running` False where none runs."""
        self._stationed: tuple[Any, dict[str, dict[str, Any]]] = (None, {})
        self.standing = Fresh(self._standing, FRESH / 2)
        """How every channel stands."""
        self.rows: dict[str, Row] = {}
        """Rows of the overview as they were last made, by channel."""
        self.watch = Watch(self.standing)
        """The same, for all who watch."""

    @property
    def archive(self) -> SqliteArchive:
        """The store's read side; StoreError where nothing was ever received."""
        with self._lock:
            if self._archive is None:
                self._archive = SqliteArchive(self.home)
            return self._archive

    def _ask(self) -> dict[str, Any]:
        try:
            return orders.send(self.home, "status", who="console", patience=PATIENCE)
        except CommandError:
            return {"running": False}

    def stations(self) -> dict[str, dict[str, Any]]:
        """The running channels, by name."""
        live, known = self.live(), self._stationed
        if known[0] is not live:
            known = (live, {one["channel"]: one for one in live.get("channels", ())})
            self._stationed = known
        return known[1]

    def _standing(self) -> tuple[Channel, ...]:
        try:
            counts = self.archive.counts()
        except StoreError:
            counts = []  # nothing was ever received
        return everything(self.stations(), counts, ZoneInfo(self.installation.zone))

    def times(self) -> dict[str, Any]:
        """The same with how long things took; `running` False where no engine runs."""
        try:
            return orders.send(self.home, "status", {"times": True}, who="console")
        except CommandError:
            return {"running": False}

    def order(
        self, verb: str, arguments: dict[str, Any], who: str, reason: str = ""
    ) -> dict[str, Any]:
        """Order something of the engine. CommandError where none runs or it says no."""
        answer = orders.send(self.home, verb, arguments, who, reason)
        self.live.stale()
        self.standing.stale()
        return answer

    def audit(self, who: str, action: str, what: str, reason: str = "") -> None:
        """Write an audit record; where that fails (EngineError), what needs it does not happen."""
        orders.record(self.home, action, what, who, reason)

    def close(self) -> None:
        """Let go of the files."""
        self.attempts.close()
        self.directory.file.close()
        if self._archive is not None:
            self._archive.close()
