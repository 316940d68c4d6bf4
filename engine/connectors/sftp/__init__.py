"""
Files over SFTP, in and out: picked up whole and never twice, delivered under a temporary name and then renamed.

`settings.py` says who the partner is and how its key is known; `session.py` and `pool.py` are connections in
worker threads; `listing.py`, `download.py`, `folder.py` and `source.py` pick up; `upload.py` and `destination.py` deliver.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from engine.connectors.sftp.settings import DestinationSettings, SourceSettings

if TYPE_CHECKING:
    from engine.connectors.sftp.destination import Destination
    from engine.connectors.sftp.source import Source

__all__ = ["Destination", "DestinationSettings", "Source", "SourceSettings"]

_LATE = {"Source": "source", "Destination": "destination"}


def __getattr__(name: str) -> Any:
    """The two halves, loaded when a channel needs them: reading settings does not cost the SSH library."""
    if name not in _LATE:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"{__name__}.{_LATE[name]}"), name)
