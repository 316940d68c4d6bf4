"""
Every error the engine raises on purpose, named by who acts next.

EngineError
  + ConfigError        the analyst: a channel, mapping, table or setting is wrong (all mistakes at once)
  + MessageError       the sender: this message can never be processed as it is
  + DeliveryError      the partner or the network, of four kinds
      - Unavailable    nothing was handed over; waits, uses up no attempt
      - Misconfigured  our credentials, address or trust are wrong; pauses the destination
      - Uncertain      it may have been handed over; `on_uncertain` decides
      - Refused        the partner said no to this very message; `on_refused` decides
  + StoreError         whoever runs the machine
      - CommitRefused  the commit did not happen and nothing was kept: the sender keeps the message
          . GroupChanged   a member joined the group while it was released: read it again
      - CommitUnknown  nobody knows whether the commit happened: the process ends and recovers
      - StoreInUse     another process owns this home
  + CommandError       the person at the keyboard: what was ordered cannot be done, and why
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class EngineError(Exception):
    """Base of everything the engine raises on purpose."""


class Mistake(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One thing an analyst wrote that cannot work, and what to write instead."""

    file: str
    """Path of the file, relative to the home."""
    line: int
    """Line, from 1."""
    column: int
    """Column, from 1."""
    path: str
    """Where in the file's structure: `destinations.billing.retry.atempts`."""
    problem: str
    """What is wrong and what was expected, as one or two sentences without a final full stop."""
    write: str = ""
    """Something to write instead, as YAML; empty where there is no single good answer."""
    used_by: str = ""
    """Of a mistake in a template: the places that are made of it, `channels/adt_north.yaml:3`."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: {self.path}".rstrip(": ")
        if self.used_by:
            place += f" (used by {self.used_by})"
        text = f"{place}\n  {self.problem}"
        written = self.write.replace("\n", "\n          ")
        return f"{text}\n  write   {written}" if written else text


#: Users of a template that are named at one mistake; the others are counted.
_NAMED = 3


def _told_once(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """Each mistake once: one that several channels have from the same template names them together."""
    users: dict[Mistake, dict[str, None]] = {}
    for mistake in mistakes:
        alike = msgspec.structs.replace(mistake, used_by="")
        met = users.setdefault(alike, {})
        if mistake.used_by:
            met[mistake.used_by] = None
    return [
        msgspec.structs.replace(mistake, used_by=_named(sorted(met)))
        for mistake, met in users.items()
    ]


def _named(users: list[str]) -> str:
    """
    >>> _named(["a.yaml:1", "b.yaml:1", "c.yaml:1", "d.yaml:1", "e.yaml:1"])
    'a.yaml:1, b.yaml:1, c.yaml:1 and 2 more'
    """
    rest = len(users) - _NAMED
    told = ", ".join(users[:_NAMED])
    return f"{told} and {rest} more" if rest > 0 else told


class ConfigError(EngineError):
    """What an analyst wrote is wrong; carries every mistake that was found."""

    def __init__(self, mistakes: tuple[Mistake, ...] | list[Mistake]) -> None:
        self.mistakes = tuple(sorted(_told_once(mistakes)))
        super().__init__("\n\n".join(str(mistake) for mistake in self.mistakes))


class MessageError(EngineError):
    """
    This message can never be processed as it is.

    `code` is a reason code (snake case), `path` the place in the message, `rule` what it breaks
    in words. Never carries a value of the message: it is somebody's data.
    """

    def __init__(self, code: str, rule: str, path: str = "") -> None:
        self.code, self.rule, self.path = code, rule, path
        super().__init__(f"{path}: {rule}" if path else rule)


class DeliveryError(EngineError):
    """
    A delivery did not succeed; the class says what that means for it.

    `status` is the partner's own word for it ("503", "AE", "connection refused"), `detail` a
    sentence for people without a value of the message, `retry_after` the seconds that the
    partner asked us to wait (None: it did not say).
    """

    def __init__(self, status: str, detail: str = "", retry_after: float | None = None) -> None:
        self.status, self.detail, self.retry_after = status, detail, retry_after
        super().__init__(f"{status}: {detail}" if detail else status)


class Unavailable(DeliveryError):
    """Nothing was handed over; trying again is safe and costs no attempt."""


class Misconfigured(DeliveryError):
    """Credentials, address or trust are wrong: no message will pass until somebody acts."""


class Uncertain(DeliveryError):
    """It may have been handed over; sending again may double it."""


class Refused(DeliveryError):
    """The partner said no to this very message."""


class StoreError(EngineError):
    """The store could not do what was asked."""


class CommitRefused(StoreError):
    """Nothing was kept: the sender is told so and keeps the message."""


class GroupChanged(CommitRefused):
    """The group that was to be released has another member since: nothing was kept."""


class CommitUnknown(StoreError):
    """The disk did not say whether the commit happened; nobody is answered."""


class StoreInUse(StoreError):
    """Another process owns this home."""


class CommandError(EngineError):
    """What a person ordered cannot be done; the text says why and what to do instead."""
