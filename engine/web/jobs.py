"""
Work on many messages, in a thread of its own beside the pages: shown while it goes on, paused, cancelled.

A job belongs to the console's process: it outlives the page that began it, not the process. Each step is one order of at
most 50 messages, so that what was done before a pause, a cancel or an end of the process is done, and the rest is not.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from engine.errors import EngineError
from engine.handling.replaying import paced
from engine.message import short_id

Verb = Literal["replay", "resend", "discard", "delivered"]
Standing = Literal["prepared", "running", "paused", "cancelled", "done", "failed"]
#: Jobs that are remembered, seconds that one may wait to be started, and troubles that are told.
MOST, WAITS, TOLD = 200, 3600.0, 50


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """One that could not be done."""

    id: str
    """Short id of the message."""
    why: str


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How a job stands."""

    id: str
    verb: Verb
    state: Standing
    who: str
    reason: str
    total: int
    """Messages of a replay, else deliveries."""
    done: int
    outcomes: dict[str, int]
    """How many became what: verdicts of a replay; moved, busy (being sent just then) of the others."""
    failed: int
    troubles: list[Trouble]
    """What could not be done, at most 50."""
    why: str
    """Why it failed as a whole; empty where it did not."""
    first: str
    """Short id of the first message that a replay made; empty before."""
    rate: float
    """A second; 0 = no limit."""
    made_at: float
    ended_at: float


class Job:
    """One piece of work. Safe for threads."""

    def __init__(self, verb: Verb, who: str, messages: tuple[int, ...], channels: frozenset[str], about: str) -> None:  # fmt: skip
        self.id = secrets.token_urlsafe(9)
        self.verb, self.who, self.messages, self.channels = verb, who, messages, channels
        self.about = about
        """Which messages these are, in words that hold no value of a key."""
        self.seen: Any = None
        """What its page worked out of it before: the preview."""
        self.made_at, self.ended_at = time.time(), 0.0
        self._lock = threading.Lock()
        self._go = threading.Event()
        self._state: Standing = "prepared"
        self._reason, self._why, self._rate = "", "", 0.0
        self._total, self._done, self._failed, self._first = len(messages), 0, 0, 0
        self._outcomes: Counter[str] = Counter()
        self._troubles: list[Trouble] = []

    def progress(self) -> Progress:
        """How it stands."""
        with self._lock:
            return Progress(
                id=self.id, verb=self.verb, state=self._state, who=self.who, reason=self._reason,
                total=self._total, done=self._done, outcomes=dict(self._outcomes), failed=self._failed,
                troubles=list(self._troubles), why=self._why, rate=self._rate, made_at=self.made_at,
                first=short_id(self._first) if self._first else "", ended_at=self.ended_at,
            )  # fmt: skip

    def start(
        self, numbers: Sequence[int], step: Callable[[Sequence[int]], dict[str, Any]], *, rate: float, reason: str
    ) -> bool:  # fmt: skip
        """Begin with the numbers, `step` by step at a rate; False where it has begun before."""
        with self._lock:
            if self._state != "prepared":
                return False
            self._state, self._rate, self._reason = "running", rate, reason
            self._total = len(numbers)
        self._go.set()
        threading.Thread(
            target=self._run, args=(numbers, step), name=f"job {self.id}", daemon=True
        ).start()
        return True

    def pause(self) -> bool:
        """After the step that goes on just now; whether it was running."""
        with self._lock:
            if self._state != "running":
                return False
            self._state = "paused"
            self._go.clear()
            return True

    def resume(self) -> bool:
        """Go on; whether it was paused."""
        with self._lock:
            if self._state != "paused":
                return False
            self._state = "running"
            self._go.set()
            return True

    def cancel(self) -> bool:
        """What is not done yet will not be; whether there was anything to cancel."""
        with self._lock:
            if self._state not in ("prepared", "running", "paused"):
                return False
            self._state, self.ended_at = "cancelled", time.time()
            self._go.set()
            return True

    # -- in its thread --------------------------------------------------------------------------------------

    def _run(
        self, numbers: Sequence[int], step: Callable[[Sequence[int]], dict[str, Any]]
    ) -> None:
        why = ""
        try:
            for some in paced(numbers, self._rate, self._wait):
                self._go.wait()
                if self._ended():
                    return
                self._note(some, step(some))
        except EngineError as error:
            why = str(error)
        except Exception as error:
            why = f"the console could not go on ({type(error).__name__})"
        with self._lock:
            if self._state != "cancelled":
                self._state, self._why = ("failed" if why else "done"), why
                self.ended_at = time.time()

    def _ended(self) -> bool:
        with self._lock:
            return self._state == "cancelled"

    def _wait(self, seconds: float) -> None:
        """For the rate; a cancel is not waited out."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._ended():
            time.sleep(min(left, 0.1))

    def _note(self, some: Sequence[int], answer: dict[str, Any]) -> None:
        """Count what a step has done."""
        with self._lock:
            self._done += len(some)
            for one in answer.get("replayed", ()):
                self._outcomes[one["verdict"]] += 1
                self._first = self._first or one["id"]
            for one in answer.get("failed", ()):
                self._failed += 1
                if len(self._troubles) < TOLD:
                    self._troubles.append(Trouble(id=short_id(one["of"]), why=one["why"]))
            for name in ("moved", "busy"):
                if answer.get(name):
                    self._outcomes[name] += answer[name]


class Jobs:
    """The jobs of a console. Safe for threads."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, job: Job) -> Job:
        """Remember one; what nobody started within an hour, and what ended long ago, is forgotten."""
        with self._lock:
            self._jobs[job.id] = job
            for old in list(self._jobs.values()):
                state = old.progress().state
                stale = state == "prepared" and old.made_at < time.time() - WAITS
                if stale or (len(self._jobs) > MOST and state not in ("running", "paused")):
                    del self._jobs[old.id]
        return job

    def find(self, id: str) -> Job | None:
        """One of them."""
        with self._lock:
            return self._jobs.get(id)

    def all(self) -> list[Job]:
        """Newest first."""
        with self._lock:
            return list(self._jobs.values())[::-1]
