"""The part of `verify` that recomputes groups and expectations: nothing in no group, nothing in two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from engine.message import Verdict, short_id
from engine.store.schema import VERDICTS

_CONFIRMING = {Verdict.ACCEPTED, Verdict.FILTERED, Verdict.COLLECTED}
#: Seconds by which a due time may differ from what events say.
_TOLERANCE = 0.001


def joined(rows: list[Any]) -> Iterator[str]:
    """Messages that joined or released groups, beside the rows of those groups."""
    for id, verdict, planned, members, grouping, released_by in rows:
        name = f"message {short_id(id)}"
        if planned != members:
            yield f"{name}: its plan recorded {planned} members of groups, there are {members}"
        if VERDICTS[verdict] is Verdict.COLLECTED and not planned:
            yield f"{name} is collected and in no group"
        if grouping and released_by != id:
            yield f"{name} released group {grouping}, which was released by another or by none"


def waiting(
    walk: Callable[[str, tuple[Any, ...]], Iterator[Any]],
    use: Callable[[int], None],
    expectations: str,
) -> Iterator[str]:
    """Groups, members and what the query `expectations` gives; `use` is told of every content that they have."""
    for row in walk("groups", (0,)):
        yield from _group(row)
    for row in walk("members", (0,)):
        yield from _member(row, use)
    for row in walk(expectations, (0,)):
        yield from _expectation(row)


def _group(row: Sequence[Any]) -> Iterator[str]:
    (id, version, standing, message, members, left, releases, has_channel, has_destination, overlaps) = row  # fmt: skip
    name = f"group {id}"
    if members != version:
        yield f"{name}: {version} members joined, there are {members}"
    if left != standing:
        yield f"{name}: {standing} members stand, there are {left}"
    if not members:
        yield f"{name} has no members"
    if message and releases != id:
        yield f"{name} was released by message {short_id(message)}, which is not there or says otherwise"
    if not has_channel or not has_destination:
        yield f"{name}: its channel or destination is unknown"
    if overlaps:
        yield f"{name} takes members beside a later group of the same key"


def _member(row: Sequence[Any], use: Callable[[int], None]) -> Iterator[str]:
    (id, content, entity, _, has_group, has_message, has_content, has_entity, well_replaced) = row  # fmt: skip
    name = f"member {id}"
    use(content)
    if entity:
        use(entity)
    if not has_group:
        yield f"{name} is in a group that is not there"
    if not has_message:
        yield f"{name} came with a message that is not there"
    if not has_content or not has_entity:
        yield f"{name}: its content is gone"
    if not well_replaced:
        yield f"{name} was replaced by what is not a later member of its group and source"


def _expectation(row: Sequence[Any]) -> Iterator[str]:
    (
        id,
        message,
        carrier,
        confirmed,
        due_at,
        has_delivery,
        has_member,
        verdict,
        wanted,
        is_told,
        has_channel,
    ) = row
    name = f"expectation {id} of message {short_id(message)}"
    if not has_member and (not has_delivery or carrier != message):
        yield f"{name} has no delivery"
    if confirmed and (verdict is None or VERDICTS[verdict] not in _CONFIRMING):
        yield f"{name} was confirmed by message {short_id(confirmed)}, which cannot"
    if not has_channel:
        yield f"{name} waits for a channel that is not there, or another confirmed it"
    if not is_told:
        yield f"{name}: its outcome and the message that said it do not belong together"
    if not confirmed and abs(due_at - wanted) > _TOLERANCE:
        yield f"{name}: its time is not counted from its delivery"
