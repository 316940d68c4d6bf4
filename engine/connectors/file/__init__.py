"""
Files in and out: picked up whole and never twice, delivered whole or line by line.

`source.py` and `destination.py` hold the two halves with their settings; `whole.py` publishes one file per
delivery, `growing.py` and `journal.py` are the file that grows line by line, `rotation.py` says when it is closed.
"""

from engine.connectors.file.destination import Destination, DestinationSettings
from engine.connectors.file.source import Source, SourceSettings

__all__ = ["Destination", "DestinationSettings", "Source", "SourceSettings"]
