"""The course of the demo: sending, an outage, its end, and what is seen meanwhile."""

from __future__ import annotations

import shutil
import sys
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cli.lines import Layout
from engine.cli.outcome import Outcome
from engine.cli.tail import logs
from engine.handling.follow import Follower
from engine.handling.lines import from_log

if TYPE_CHECKING:
    from engine.cli.hospital import Hospital
    from engine.cli.stage import Sender, Stage
    from engine.handling.follow import Fact

#: The partner that goes down, when, and when it is back; shares of the show's length.
FALLS, DOWN, UP = "erp", 0.2, 0.45
#: Length of the show's first act when nobody limits it, in seconds.
ACT = 40.0
#: How long everything that was sent has to be delivered once sending ends, in seconds.
SETTLE = 60.0
#: How often the screen is drawn, in seconds.
PERIOD = 0.4


class Show:
    """The course of the demo: sending, an outage, its end, and what is seen meanwhile."""

    def __init__(
        self,
        stage: Stage,
        sender: Sender,
        hospital: Hospital | None,
        seconds: float,
        live: bool,
    ) -> None:
        self._stage, self._sender, self._seconds, self._live = stage, sender, seconds, live
        self._outcome = Outcome(stage, sender, hospital)
        self._act = seconds or ACT
        self._follower = Follower(logs(stage.home))
        self._layout = Layout(channels=True)
        self._events: deque[Fact] = deque(maxlen=12)
        self._waited: Fact | None = None
        self._news = "everything is up"
        self._fault = ""

    def run(self) -> None:
        """Until the time is over, or for ever."""
        if self._live:
            from engine.cli.screen import Screen

            with Screen() as screen:
                self._play(screen)
        else:
            self._play(None)

    def _play(self, screen: Any) -> None:
        start, told = time.monotonic(), False
        while True:
            time.sleep(PERIOD)
            elapsed = time.monotonic() - start
            self._stage.check()
            self._direct(elapsed)
            fresh = self._follower.fresh()
            self._events.extend(fresh)
            self._remember(fresh)
            moved = self._outcome.moved()
            if screen is not None:
                hints = [*self._outcome.summary(), *(self.hints() if elapsed > 5 else [])]
                lines = self._layout.page([from_log(fact) for fact in self._events])
                screen.draw(
                    self._stage.status(), self._sender.answers, self._news, lines, hints
                )
            else:
                self._print(fresh, moved)
                if elapsed > 5 and not told and not self._seconds:
                    told = True
                    print("\n".join(["", *self.hints(), ""]), flush=True)
            if self._outcome.trouble or (self._seconds and elapsed >= self._seconds):
                return

    def _direct(self, elapsed: float) -> None:
        """Take the partner down and up again at its time."""
        down = self._act * DOWN <= elapsed < self._act * UP
        fault = "down" if down else "none"
        if fault == (self._fault or "none"):
            return
        self._fault = fault
        self._stage.switch(FALLS, fault)
        self._news = (
            f"the partner '{FALLS}' is down: watch its queue, its breaker and its next attempt"
            if down
            else f"the partner '{FALLS}' is up again: what waited is delivered, in order"
        )
        if not self._live:
            print(f"*** {self._news}", flush=True)

    def _remember(self, facts: list[Fact]) -> None:
        """A message that waited is the best one to look at."""
        self._outcome.hear(facts)
        waited = [fact for fact in facts if fact["event"] == "waiting"]
        if waited and self._waited is None:
            self._waited = waited[0]

    def _print(self, facts: list[Fact], moved: Sequence[str] = ()) -> None:
        for fact in facts:
            print(self._layout.show(from_log(fact)), flush=True)
        for line in moved:
            print(f"*** {line}", flush=True)

    def hints(self) -> list[str]:
        """Where to go next, with ids of messages that were just seen."""
        corridor = f"{programme_name()} --home {shortened(self._stage.home)}"
        seen = [fact for fact in self._events if fact.get("message")]
        fact = self._waited or (seen[-1] if seen else {"message": "ID", "channel": "CHANNEL"})
        return [
            "in another terminal:",
            f"  {corridor} tail {fact['channel']}",
            f"  {corridor} show {fact['message']}",
            f"  {corridor} messages --state queued",
            f"  {corridor} status",
            f"  {programme_name()} simulate --control {self._stage.control}"
            f" --switch {FALLS}=429    # {FALLS}=none ends it",
        ]

    def settle(self) -> bool:
        """Wait until all that was sent is where it must be; whether it is. Says so, with the sums."""
        end = time.monotonic() + SETTLE
        while (wrong := self._outcome.wrong()) and time.monotonic() < end:
            self._stage.check()
            self._look()
            time.sleep(PERIOD)
        self._look()
        self.sum_up()
        sent = self._outcome.sent()
        if wrong:
            print(f"{sent} messages sent, but:\n" + "\n".join(f"  {one}" for one in wrong))
        else:
            print(f"{sent} messages sent, acknowledged, and delivered to every partner")
        return not wrong

    def sum_up(self) -> None:
        """Say how far orders and claims are."""
        if lines := self._outcome.summary():
            print("\n".join(["", *lines, ""]), flush=True)

    def _look(self) -> None:
        fresh, moved = self._follower.fresh(), self._outcome.moved()
        self._remember(fresh)
        if not self._live:
            self._print(fresh, moved)


def programme_name() -> str:
    """How this command is called from here: by its name where the shell finds it, else by its path."""
    own = Path(sys.executable).parent / "corridor"
    found = shutil.which("corridor")
    if not own.exists() or (found is not None and Path(found).samefile(own)):
        return "corridor"
    return shortened(own)


def shortened(path: Path) -> str:
    """A path as one writes it from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
