"""Large messages that are taken apart in chunks, as the store has them, and what it is asked about them."""

from __future__ import annotations

from typing import Protocol

import msgspec

from engine.message import Inbound


class Loading(msgspec.Struct, frozen=True, kw_only=True):
    """A large message that is being taken apart, or was, as the store has it."""

    message: int
    channel: str
    inbound: Inbound
    known: bytes = b""
    way: bytes = b""
    """In which way it is taken apart (engine/planning/way.py); empty = not known."""
    position: bytes = b""
    """Behind the last part that is kept."""
    phase: int = 0
    """0 its parts, 1 what vanished since the last file, 2 over."""
    expected: int = 0
    """Parts it will have; 0 = not known."""
    met: int = 0
    """Parts that were read."""
    unchanged: int = 0
    """Those of them that are as they were in the last file and became no message."""
    vanished: int = 0
    rejected: int = 0
    """Parts in quarantine."""
    reasons: dict[str, int] = {}
    """How many by reason."""
    began_at: float = 0.0
    ended_at: float = 0.0
    """Wall clock; 0 = it is not over."""

    @property
    def changed(self) -> int:
        """Parts that were read and became messages that are not in quarantine."""
        return self.met - self.unchanged - self.rejected

    def report(self) -> str:
        """
        What was read and what became of it, for people.

        >>> inbound = Inbound(raw=b"", received_at=0)
        >>> Loading(message=1, channel="a", inbound=inbound, met=5, rejected=2, reasons={"ragged_line": 2}).report()
        '5 records read: 3 taken, 2 rejected (ragged_line 2)'
        """
        told = [f"{self.changed} {'changed' if self.unchanged else 'taken'}"]
        told += [f"{self.unchanged} unchanged"] if self.unchanged else []
        told += [f"{self.vanished} vanished"] if self.vanished else []
        why = ", ".join(f"{reason} {count}" for reason, count in sorted(self.reasons.items()))
        told += [f"{self.rejected} rejected ({why})"] if self.rejected else ["0 rejected"]
        return f"{self.met} records read: {', '.join(told)}"

    def standing(self) -> str:
        """The same while it goes on, with how much is left."""
        if self.ended_at:
            return self.report()
        whole = f" of {self.expected}" if self.expected else ""
        return f"being taken apart, {self.met}{whole} so far: {self.report()}"


class Loadings(Protocol):
    """The part of `Store` that concerns them."""

    def channel_number(self, name: str) -> int:
        """The store's number of a channel, made when new."""

    def loadings(self) -> list[Loading]:
        """Those that are not over, in the order in which they came; by channel."""

    def loading(self, message: int) -> Loading | None:
        """One, over or not; None where the message is none. Without the body where it is over."""

    async def told(self, most: int = 100) -> list[Loading]:
        """Those that are over and have rejected parts, each once."""

    async def keys_left(self, coming: bool = True) -> None:
        """Remove what was put beside the store for loadings that are over; what is put there for a message to come stays (`coming`)."""
