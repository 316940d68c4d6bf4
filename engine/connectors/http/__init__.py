"""
HTTP in and out, any body: REST, web hooks, HL7 over HTTP.

`source.py` and `destination.py` hold the two halves with their settings; `connection.py` and `listener.py`
are the two ends of a connection, `client.py` the pool, `auth.py` and `tokens.py` the ways to say who one is.
"""

from engine.connectors.http.destination import Destination, DestinationSettings, answered
from engine.connectors.http.source import Source, SourceSettings

__all__ = ["Destination", "DestinationSettings", "Source", "SourceSettings", "answered"]
