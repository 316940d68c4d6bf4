"""
HTTP in and out, any body: REST, web hooks, HL7 over HTTP.

`source.py` and `destination.py` hold the two halves with their settings; what is underneath stands in `engine/http`.
"""

from engine.connectors.http.destination import Destination, DestinationSettings, answered
from engine.connectors.http.source import Source, SourceSettings

__all__ = ["Destination", "DestinationSettings", "Source", "SourceSettings", "answered"]
