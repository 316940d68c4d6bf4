"""Which messages are meant: moments and keys as people write them, and all that fit, page by page."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any

from engine.errors import CommandError
from engine.settings import Duration
from engine.store import Archive, Found

#: Read this many at a time.
PAGE = 500


def at(text: str, now: float | None = None, zone: tzinfo | None = None) -> float:
    """
    A moment: a length of time ago, a date and time in the viewer's zone, or seconds since 1970. CommandError where it
    is none.

    >>> at("10m", now=1000.0), at("1763721000")
    (400.0, 1763721000.0)
    """
    if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
        return float(text)
    if re.fullmatch(r"[\d.]+(ms|s|m|h|d).*", text):
        try:
            return (time.time() if now is None else now) - Duration.read(text)
        except ValueError:
            pass
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo or zone is None else moment.replace(tzinfo=zone)).timestamp()  # fmt: skip
    except (ValueError, OverflowError):
        raise CommandError("that is no time; write 10m, 2h, 2026-11-21 or '2026-11-21 08:30'") from None  # fmt: skip


def named(key: str) -> tuple[str, str]:
    """
    A key as (name, value); any name where only the value is given.

    >>> named("mrn=123"), named("=123"), named("123")
    (('mrn', '123'), ('', '123'), ('', '123'))
    """
    name, equals, value = key.partition("=")
    return (name, value) if equals else ("", key)


def search(archive: Archive, limit: int, **filters: Any) -> Iterator[Found]:
    """All that fit, newest first, page by page, at most `limit` (0 = all)."""
    before, left = None, limit or 10**12
    while left > 0:
        page = archive.search(**filters, before=before, limit=min(PAGE, left))
        yield from page
        left -= len(page)
        if len(page) < min(PAGE, left + len(page)):
            return
        before = page[-1].id
