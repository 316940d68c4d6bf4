"""
FHIR R4 in and out: a REST endpoint for each channel, and a client of other people's servers.

The destination stands in `destination*.py`; what is underneath stands in `engine/http` and `engine/fhir`.
"""

from engine.connectors.fhir.destination import Destination, answered
from engine.connectors.fhir.destination_requests import apart
from engine.connectors.fhir.destination_settings import DestinationSettings

__all__ = ["Destination", "DestinationSettings", "answered", "apart"]
