"""A folder in each way that one reaches it: every promise of picking up is kept by all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.connectors import Site, file, sftp
from tests.connectors.conftest import notices
from tests.connectors.sftp.conftest import (
    Server,
    clock,
    line,
    memory,
    of_openssh,
    of_partner,
    openssh,
    partner,
    site,
    until,
)  # fmt: skip

__all__ = ["clock", "line", "memory", "notices", "openssh", "partner", "site", "until"]


class Place:
    """A folder as a test sees it: `drop` from this side, `root` as the channel names it."""

    def __init__(self, drop: Path, root: str, server: Server | None = None) -> None:
        self.drop, self.root, self.server = drop, root, server

    def source(self, site: Site, **settings: Any) -> Any:
        if self.server is None:
            return file.Source(file.SourceSettings(**{"folder": self.root, **settings}), site)
        return sftp.Source(sftp.SourceSettings(**self.server.access(**settings)), site)

    def destination(self, site: Site, **settings: Any) -> Any:
        if self.server is None:
            given = file.DestinationSettings(folder=self.root, **settings)
            return file.Destination(given, site)
        return sftp.Destination(
            sftp.DestinationSettings(**self.server.access(**settings)), site
        )


@pytest.fixture(params=["file", "simulated", pytest.param("openssh", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, site: Site) -> Place:
    if request.param == "file":
        drop = site.home / "in"
        drop.mkdir()
        return Place(drop, "in")
    make, name = (
        (of_partner, "partner") if request.param == "simulated" else (of_openssh, "openssh")
    )
    server = make(request.getfixturevalue(name))
    return Place(server.drop, server.root, server)
