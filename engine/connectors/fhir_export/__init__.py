"""
Bulk exports of a FHIR server as messages (FHIR Bulk Data Access 2.0.0): a server is asked at its times for what has changed.

    settings  what a channel says
    source    when an export begins, and what becomes of it
    job       what is asked of the server: begin, is it done, let it go
    taking    the files of a finished export, each once
    download  one file of an export, through the spool
"""

from engine.connectors.fhir_export.settings import SourceSettings
from engine.connectors.fhir_export.source import Source

__all__ = ["Source", "SourceSettings"]
