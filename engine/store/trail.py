"""What happened to a message, in order and over all hops; and what happens now, for tailing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from engine.message import State, Verdict, short_id
from engine.store import Step, hops
from engine.store.hops import Numbered, Rows
from engine.store.schema import PART, PLACES, STATES, VERDICTS

#: Messages that one trail may span.
SPAN = 500


class Trail:
    """Steps of messages, from rows."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def of(self, id: int, others: bool) -> list[Step]:
        """The trail of one message; with `others` of all it came from and became."""
        steps: list[Numbered] = []
        seen: set[int] = set()
        todo = [id]
        while todo and len(seen) < SPAN:
            number = todo.pop(0)
            story = self._rows("story", number)
            if number in seen or not story:
                continue
            seen.add(number)
            steps += self._message(story[0])
            steps += self._events(number, story[0][1])
            if others:
                todo += [other for other in story[0][9:12] if other]
                todo += [row[0] for row in self._rows("later", number)]
                todo += [row[0] for row in self._rows("gathered", number)]
        steps.sort(key=lambda numbered: numbered[0])
        return [step for _, step in steps]

    def _message(self, story: Sequence[Any]) -> list[Numbered]:
        """How it came, what was decided, what was queued."""
        id, channel, arrival = story[:3]
        steps = [(arrival, _came(story)), (arrival, _decided(story))]
        steps += hops.groups(self._rows, id, channel, arrival)
        for delivery, destination, queued_at, shows in self._rows("queued", id):
            step = Step(
                at=queued_at,
                what="queued",
                message=id,
                channel=channel,
                delivery=delivery,
                destination=destination,
                detail=shows,
            )
            steps.append((arrival, step))
        steps += hops.confirmations(self._rows, id, channel, (arrival, story[3]))
        return steps

    def _events(self, id: int, channel: str) -> list[Numbered]:
        steps: list[Numbered] = []
        for row in self._rows("events", id):
            steps += _event(row, channel)
        return steps

    def follow(self, after: int, limit: int) -> tuple[int, list[Step]]:
        """What was written after a number, oldest first, and the number to go on from."""
        steps: list[Numbered] = []
        for row in self._rows("follow_events", after, limit):
            steps += _event(row, row[13] or "")
        for (channel,) in self._rows("channels"):
            for (id,) in self._rows("follow_messages", channel, after, limit):
                story = self._rows("story", id)[0]
                steps.append((story[2], _decided(story)))
        steps.sort(key=lambda numbered: numbered[0])
        numbers = sorted({number for number, _ in steps})[:limit]
        if not numbers:
            return after, []
        return numbers[-1], [step for number, step in steps if number <= numbers[-1]]


def _came(story: Sequence[Any]) -> Step:
    id, channel, _, at, _, _, _, kind, _, parent, replay_of, _, flags = story
    what, detail = "received", kind
    if replay_of:
        what, detail = "replayed", f"{kind} of {short_id(replay_of)}"
    elif parent:
        what = "split" if flags & PART else "handed_over"
        detail = f"{kind} from {short_id(parent)}"
    return Step(at=at, what=what, message=id, channel=channel, detail=detail.strip())


def _decided(story: Sequence[Any]) -> Step:
    id, channel, _, at, verdict, reason, detail, kind, summary, _, _, original, _ = story
    if VERDICTS[verdict] is Verdict.DUPLICATE:
        detail = f"of {short_id(original)}"
    text = detail or summary or kind
    return Step(
        at=at,
        what=VERDICTS[verdict].value,
        message=id,
        channel=channel,
        status=reason,
        detail=text,
    )


def _event(row: Sequence[Any], channel: str) -> list[Numbered]:
    (
        id,
        delivery,
        destination,
        at,
        kind,
        began,
        attempt,
        status,
        detail,
        duration,
        due_at,
        kept,
        who,
    ) = row[:13]
    state = STATES[kind]
    message, place = divmod(delivery, PLACES)
    waits = state is State.QUEUED and (due_at > 0 or began is not None)
    step = Step(
        at=at,
        what="waiting" if waits else state.value,
        message=message,
        channel=channel,
        delivery=delivery if place else 0,
        destination=destination,
        attempt=attempt,
        status=status,
        detail=detail,
        duration=duration,
        due_at=due_at,
        kept=None if kept is None else json.loads(kept),
        who=who,
    )
    if began is None:
        return [(id, step)]
    sending = Step(
        at=began,
        what="sending",
        message=message,
        channel=channel,
        delivery=delivery,
        destination=destination,
    )
    return [(id, sending), (id, step)]
