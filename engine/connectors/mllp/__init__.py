"""
HL7 over TCP (MLLP), in and out; plain, TLS or mutual TLS.

As a source it listens, or dials out and receives (`connect:`); as a destination it dials out, or waits for its
partner to connect and sends over that connection (`listen:`). What peers do beyond the standard is in
engine/wire/mllp.py for frames and in acknowledgement.py for answers.
"""

from engine.connectors.mllp.destination import Destination, answered
from engine.connectors.mllp.settings import DestinationSettings, SourceSettings
from engine.connectors.mllp.source import Source

__all__ = ["Destination", "DestinationSettings", "Source", "SourceSettings", "answered"]
