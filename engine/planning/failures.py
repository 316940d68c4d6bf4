"""Plans of messages that cannot be planned: kept for a person, with a reason code."""

from __future__ import annotations

import traceback
from pathlib import Path

from engine.channel import Channel
from engine.errors import MessageError
from engine.message import Plan, Verdict


def failed(channel: Channel, error: Exception, digest: bytes) -> Plan:
    """The plan of a message that cannot be planned: kept for a person, with a reason code."""
    code, detail = reason(error)
    return Plan(
        verdict=Verdict.QUARANTINED,
        reason=code,
        detail=detail,
        owner=channel.owner,
        digest=digest,
        release=channel.release,
    )


def reason(error: Exception) -> tuple[str, str]:
    """Reason code and sentence of an error; of an unforeseen one only where it happened, for its text may hold a value."""
    if isinstance(error, MessageError):
        return error.code, str(error)
    return "engine_error", place(error)


def place(error: Exception) -> str:
    """Where in the engine an error happened."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
