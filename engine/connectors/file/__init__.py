"""
Files in and out: picked up whole and never twice, delivered whole or line by line.

`source.py` and `folder.py` pick up; `destination.py` delivers; `whole.py` publishes one file per
delivery, `growing.py` and `journal.py` are the file that grows line by line, `rotation.py` says when it is closed.
"""

from engine.connectors.file.destination import Destination, DestinationSettings
from engine.connectors.file.settings import SourceSettings
from engine.connectors.file.source import Source

__all__ = ["Destination", "DestinationSettings", "Source", "SourceSettings"]
