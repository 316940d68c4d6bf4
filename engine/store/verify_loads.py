"""The part of `verify` that recomputes large messages that were taken apart: no part lost, none counted twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.message import Verdict, short_id
from engine.store.schema import VERDICTS


def loads(walk: Callable[[str, tuple[Any, ...]], Iterator[Any]]) -> Iterator[str]:
    """Loadings beside the parts that are kept, and what the last files refer to."""
    for id, verdict, phase, ended_at, made, rejected, parts, held in walk("loadings", (0,)):
        name = f"message {short_id(id)}"
        if verdict is None or VERDICTS[verdict] is not Verdict.SPLIT:
            yield f"{name} is taken apart and is not there, or not split"
        if made != parts:
            yield f"{name}: {made} parts of it were counted, there are {parts}"
        if rejected != held:
            yield f"{name}: {rejected} rejected parts of it were counted, there are {held}"
        if (phase == 2) != (ended_at > 0):
            yield f"{name} is taken apart and does not say whether that is over"
    for channel, _, content, stored, has_channel in walk("last_files", (0, "")):
        if not has_channel:
            yield f"a last file belongs to channel {channel}, which is not there"
        if stored is None:
            yield f"the last file of channel {channel} needs content {content}, which is gone"
