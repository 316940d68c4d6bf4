"""One file of an export while it comes: whole, or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import IO

from engine.connectors import Site
from engine.errors import Misconfigured, Unavailable
from engine.folders import Chunks, as_body
from engine.message import LARGE, Body


class Draft:
    """What has come of a file, in a nameless file of the home."""

    def __init__(self, home: Path, longest: int) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=home)  # noqa: SIM115 (closed by `close`)
        self._longest = longest
        self._trouble = ""
        self._ended = True
        self._lines = 0
        self.size = 0

    @property
    def resources(self) -> int:
        """Lines, one resource each; the last one need not end."""
        return self._lines + (not self._ended)

    def write(self, piece: bytes) -> None:
        """Take a piece; what cannot be kept is told by `check`."""
        self.size += len(piece)
        if self.size > self._longest or not piece:
            return
        self._lines += piece.count(b"\n")
        self._ended = piece.endswith(b"\n")
        try:
            self._file.write(piece)
        except OSError as error:
            self._trouble = error.strerror or "cannot write"

    def check(self) -> None:
        """Misconfigured where it is longer than it may be, Unavailable where the disk did not take it."""
        if self.size > self._longest:
            raise Misconfigured("too large", "a file of the export is longer than max_size")
        if self._trouble:
            raise Unavailable("not kept", f"the file cannot be kept: {self._trouble.lower()}")

    async def body(self, site: Site) -> Body:
        """As a message's body; spooled where it is large."""
        self._file.flush()
        return await as_body(site, self.size, Chunks(self._file), LARGE)

    def close(self) -> None:
        """Let go of it."""
        self._file.close()
