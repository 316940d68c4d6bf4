"""What became of an earlier message, read for a sender that repeats itself. Reads the disk: not on the loop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.connectors import Answer
from engine.message import State
from engine.store.archive import SqliteArchive


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """How a destination stands to an earlier message."""

    answer: Answer | None = None
    """What it has answered; None = nothing that is kept."""
    waiting: list[int] = []
    """Its deliveries that have not ended."""


def undelivered(home: Path, message: int, names: Sequence[str]) -> list[int]:
    """The deliveries of a message to these destinations that have not arrived."""
    with SqliteArchive(home) as archive:
        rows = archive.deliveries(message)
    return [
        row["id"]
        for row in rows
        if row["state"] != State.DELIVERED and row["destination"] in names
    ]


def answered(home: Path, message: int, destination: str) -> Past:
    """What a destination has answered to a message or to its one part, or what still waits for it."""
    ended = (State.DELIVERED, State.REFUSED)
    with SqliteArchive(home) as archive:
        rows = [
            row
            for number in (message, *archive.parts(message))
            for row in archive.deliveries(number)
            if row["destination"] == destination
        ]
        if len(rows) == 1 and rows[0]["state"] in ended:
            body = archive.reply(rows[0]["id"])
            if body is not None:
                return Past(answer=Answer(status=rows[0]["status"], body=body))
            return Past()
    return Past(waiting=[row["id"] for row in rows if row["state"] not in ended])
