"""
FHIR R4 in and out: a REST endpoint for each channel, and a client of other people's servers.

The source stands in `source.py`, with `entrance.py` (who may come in) before it; the destination in `destination*.py`. What is underneath stands in `engine/http` and `engine/fhir`.
"""

from engine.connectors.fhir.destination import Destination, answered
from engine.connectors.fhir.destination_kept import apart, carried, keeps
from engine.connectors.fhir.destination_settings import DestinationSettings
from engine.connectors.fhir.interactions import asks
from engine.connectors.fhir.source import Source
from engine.connectors.fhir.source_settings import SourceSettings

__all__ = [
    "Destination",
    "DestinationSettings",
    "Source",
    "SourceSettings",
    "answered",
    "apart",
    "asks",
    "carried",
    "keeps",
]
