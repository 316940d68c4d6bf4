"""
When people are told: a pure judgement of what is wrong, and a sender that posts it to a webhook.

`alerts: {queue_age: 10m, silent: 2h}` of a channel says what is late; a destination that was paused or whose breaker
stays open is always worth a word. Each alert is told once when it starts and once when it clears. The texts name
channel, destination, owner, since when and what to do, and never a patient.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

import aiohttp
import msgspec

#: How long a breaker may be open before people are told; shorter outages pass by themselves.
BREAKER_PATIENCE = 60.0
#: Alerts that may wait for the webhook; the oldest go first.
WAITING = 200
#: Waits between attempts to post one alert, in seconds; afterwards it is given up and logged.
WAITS = (1.0, 5.0, 15.0, 60.0, 300.0)
#: How long one post may take, in seconds.
POST_TIMEOUT = 10.0


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """How one destination of a channel stands now, or its source (no destination)."""

    channel: str
    destination: str = ""
    owner: str = ""
    queue_age: float | None = None
    """Age in seconds that the oldest open delivery may reach; None = not watched."""
    silent: float | None = None
    """Seconds that the source may be silent; None = not watched."""
    oldest_at: float | None = None
    """When the oldest open delivery was queued, wall clock; None = nothing waits."""
    depth: int = 0
    """How many deliveries wait."""
    last_message_at: float | None = None
    """When the source last handed a message over, or the channel was started; None = not known."""
    paused: str = ""
    """Why the destination stands still until a person acts (`401: ...`); empty = it does not."""
    paused_at: float | None = None
    breaker_open_at: float | None = None
    """Since when the partner is not reached; None = it is."""
    held: bool = False
    """A person put it on hold: what waits then waits because somebody wants it to."""
    warned: tuple[tuple[str, float, str], ...] = ()
    """What a source says of its partner's files: kind of alert, since when, in which words."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One thing people are told."""

    kind: str
    """queue_age, silent, paused, breaker, file_sequence_gap, file_sequence_repeat, file_not_unpacked, notification_gap."""
    channel: str
    destination: str
    owner: str
    since: float
    """When it began, wall clock."""
    text: str
    cleared: bool = False
    """False = it starts, True = it is over."""


#: What is being told now, by kind, channel and destination.
AlertState = Mapping[tuple[str, str, str], Alert]


def judge(
    state: AlertState, facts: Sequence[Fact], now: float
) -> tuple[AlertState, list[Alert]]:
    """
    What is wrong now, and what to say about it: each alert once when it starts, once when it clears.

    >>> late = Fact(channel="a", destination="erp", queue_age=600, oldest_at=0, depth=3)
    >>> state, said = judge({}, [late], now=700)
    >>> [alert.kind for alert in said], judge(state, [late], now=701)[1]
    (['queue_age'], [])
    >>> [alert.cleared for alert in judge(state, [Fact(channel="a", destination="erp")], now=702)[1]]
    [True]
    """
    wrong = {
        (alert.kind, alert.channel, alert.destination): alert
        for fact in facts
        for alert in _wrong(fact, now)
    }
    started = [alert for key, alert in wrong.items() if key not in state]
    cleared = [_over(alert, now) for key, alert in state.items() if key not in wrong]
    kept = {key: state.get(key, alert) for key, alert in wrong.items()}
    return kept, [*cleared, *started]


def _wrong(fact: Fact, now: float) -> list[Alert]:
    where = f"{fact.channel}, destination {fact.destination}"
    found: list[Alert] = []
    if fact.paused:
        since = now if fact.paused_at is None else fact.paused_at
        text = (
            f"{where} is paused since {_clock(since)}: {fact.paused}. {fact.depth} waiting."
            f" Put right what it names, then: corridor release {fact.channel} {fact.destination}"
        )
        found.append(_alert("paused", fact, since, text))
    opened = fact.breaker_open_at
    if opened is not None and now - opened >= BREAKER_PATIENCE and not fact.paused:
        text = (
            f"{where} is not reached since {_clock(opened)}. {fact.depth} waiting, nothing is lost."
            " It is tried again by itself; ask the partner whether they are down"
        )
        found.append(_alert("breaker", fact, opened, text))
    oldest, age = fact.oldest_at, fact.queue_age
    if oldest is not None and age is not None and now - oldest >= age and not fact.held:
        text = (
            f"{where}: the oldest of {fact.depth} deliveries waits since {_clock(oldest)},"
            f" more than {span(age)}. Why: corridor status {fact.channel}"
        )
        found.append(_alert("queue_age", fact, oldest, text))
    last, silent = fact.last_message_at, fact.silent
    if last is not None and silent is not None and now - last >= silent:
        text = (
            f"{fact.channel} has received no message since {_clock(last)}, more than {span(silent)}."
            f" Ask the sender whether its interface runs; connections: corridor tail {fact.channel}"
        )
        found.append(_alert("silent", fact, last, text))
    for kind, since, said in fact.warned:
        text = f"{fact.channel}: {said}. Since {_clock(since)}"
        found.append(_alert(kind, fact, since, text))
    return found


def _alert(kind: str, fact: Fact, since: float, text: str) -> Alert:
    owner = f" Owner: {fact.owner}." if fact.owner else ""
    return Alert(
        kind=kind,
        channel=fact.channel,
        destination=fact.destination if kind != "silent" else "",
        owner=fact.owner,
        since=since,
        text=f"{text}.{owner}",
    )


def _over(alert: Alert, now: float) -> Alert:
    where = (
        f"{alert.channel}, destination {alert.destination}"
        if alert.destination
        else alert.channel
    )
    said = {
        "paused": "sends again",
        "breaker": "is reached again",
        "queue_age": "has caught up",
        "silent": "receives messages again",
        "file_sequence_gap": "waits for no missing files any more",
        "notification_gap": "waits for no missing notifications any more",
        "file_sequence_repeat": "receives the partner's files in order again",
        "file_not_unpacked": "has opened or lost sight of the files that it could not open",
    }[alert.kind]
    text = f"{where} {said} at {_clock(now)}, after {span(now - alert.since)}."
    return msgspec.structs.replace(alert, cleared=True, text=text)


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def span(seconds: float) -> str:
    """
    A time as people say it.

    >>> span(7200), span(90)
    ('2 h', '90 s')
    """
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


class Webhook:
    """
    Posts alerts as JSON, one after the other, in the background. `send` never waits; `run` until cancelled.

    `headers` are made anew for each post, so that a rotated secret is seen. `notice` is told (level, event, facts)
    what was posted, retried and given up; never the address's query, which may hold a token.
    """

    def __init__(
        self,
        url: str,
        notice: Callable[..., None],
        headers: Callable[[], Mapping[str, str]] = dict,
        waits: Sequence[float] = WAITS,
        console: str = "",
    ) -> None:
        """`console`: where people reach it, for a link to the channel; empty = no link."""
        self.lost = 0
        """Alerts that nobody was told: too many waited, or the webhook took none for too long."""
        self._url, self._notice, self._headers, self._waits = url, notice, headers, waits
        self._console = console.rstrip("/")
        self._queue: deque[Alert] = deque()
        self._wake = asyncio.Event()

    def send(self, alert: Alert) -> None:
        """Queue one alert; the oldest goes where too many wait."""
        if len(self._queue) >= WAITING:
            self._queue.popleft()
            self.lost += 1
        self._queue.append(alert)
        self._wake.set()

    async def run(self) -> None:
        """Post what is queued until cancelled."""
        timeout = aiohttp.ClientTimeout(total=POST_TIMEOUT)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                self._wake.clear()
                while self._queue:
                    await self._tell(session, self._queue.popleft())
                await self._wake.wait()

    async def _tell(self, session: aiohttp.ClientSession, alert: Alert) -> None:
        facts = {"kind": alert.kind, "about": alert.channel, "destination": alert.destination}
        said = ""
        for wait in (0.0, *self._waits):
            await asyncio.sleep(wait)
            said = await self._post(session, alert)
            if not said:
                self._notice("info", "alert_sent", **facts)
                return
            self._notice("warning", "alert_not_sent", detail=said, **facts)
        self.lost += 1
        self._notice("error", "alert_given_up", detail=said, **facts)

    async def _post(self, session: aiohttp.ClientSession, alert: Alert) -> str:
        """What went wrong, in words; empty = it was taken."""
        link = f"{self._console}/channels/{quote(alert.channel, safe='')}"
        body = msgspec.json.encode(
            {
                "alert": alert.kind,
                "state": "cleared" if alert.cleared else "firing",
                "channel": alert.channel,
                "destination": alert.destination,
                "owner": alert.owner,
                "since": _clock(alert.since),
                "text": alert.text,
                **({"link": link} if self._console else {}),
            }
        )
        try:
            headers = {"Content-Type": "application/json", **self._headers()}
            async with session.post(
                self._url, data=body, headers=headers, allow_redirects=False
            ) as response:
                return (
                    "" if response.status < 300 else f"the webhook answered {response.status}"
                )
        except TimeoutError:
            return f"no answer within {POST_TIMEOUT:.0f} s"
        except (OSError, ValueError, LookupError, aiohttp.ClientError) as error:
            return f"cannot post: {type(error).__name__}"
