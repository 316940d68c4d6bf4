"""`demo`: the whole engine at work in front of one's eyes, with an outage in the middle."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.app import FOUND, Home, app, here
from engine.cli.running import NoConsole

if TYPE_CHECKING:
    from engine.cli.hospital import Hospital
    from engine.cli.reckoning import Station
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


@app.command(hidden=True)
def demo(
    *,
    seconds: Annotated[
        float,
        typer.Option("--seconds", help="Send for this long, wait until all is delivered, end."),
    ] = 0.0,
    plain: Annotated[
        bool, typer.Option("--plain", help="Lines instead of a live screen.")
    ] = False,
    rate: Annotated[float, typer.Option("--rate", help="Messages per second.")] = 3.0,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", metavar="DIR", help="Scratch home; default .demo."),
    ] = None,
    no_console: NoConsole = False,
    home: Home = None,
) -> None:
    """Show the engine at work, with partners and an outage."""
    from engine.cli import console
    from engine.cli.hospital import hospital
    from engine.cli.stage import Sender, Stage, origin, programme, scratch

    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.default_int_handler)
    print("starting simulated partners and the engine ...", flush=True)
    with contextlib.ExitStack() as running:
        stage = running.enter_context(Stage(origin(here(home)), scratch(folder)))
        if not no_console and console.wanted(stage.home):
            running.enter_context(console.beside(stage.home))
            console.announce(stage.home)
        sender, chains = Sender(programme(stage.home), rate), hospital(stage.home)
        show = Show(stage, sender, chains, seconds, live=not plain and sys.stdout.isatty())
        sender.start()
        if chains is not None:
            chains.start()
        stopped = False
        try:
            show.run()
        except KeyboardInterrupt:
            print("\nstopping ...", flush=True)
            stopped = True
        finally:
            for teller in (sender, chains):
                if teller is not None:
                    teller.ending.set()
                    teller.join()
        delivered = show.settle() if seconds and not stopped else True
    if stopped:
        said = f"{programme_name()} --home {_short(stage.home)}"
        print(f"all ended; what it did can still be read: {said} messages", flush=True)
    if not delivered:
        raise typer.Exit(FOUND)


class Show:
    """The course of the demo: sending, an outage, its end, and what is seen meanwhile."""

    def __init__(
        self,
        stage: Stage,
        sender: Sender,
        chains: Hospital | None,
        seconds: float,
        live: bool,
    ) -> None:
        from engine.cli.addresses import addressed
        from engine.cli.lines import Layout
        from engine.cli.reckoning import Reckoning
        from engine.cli.tail import logs
        from engine.handling.follow import Follower

        self._stage, self._sender, self._seconds, self._live = stage, sender, seconds, live
        self._chains = chains
        self._reckoning = Reckoning(chains, stage.home) if chains is not None else None
        self._stations: list[Station] = []
        self._errors = 0
        self._partners = addressed(stage.home)
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
            moved = self._moved()
            if screen is not None:
                hints = self.hints() if elapsed > 5 else []
                lines = self._layout.page([self._line(fact) for fact in self._events])
                screen.draw(
                    self._stage.status(), self._sender.answers, self._news, lines, hints
                )
            else:
                self._print(fresh, moved)
                if elapsed > 5 and not told and not self._seconds:
                    told = True
                    print("\n".join(["", *self.hints(), ""]), flush=True)
            if self._trouble() or (self._seconds and elapsed >= self._seconds):
                return

    def _trouble(self) -> str:
        return self._sender.trouble or (
            self._chains.trouble if self._chains is not None else ""
        )

    def _moved(self) -> list[str]:
        """What orders and claims did since one looked last."""
        from engine.cli.reckoning import news

        if self._reckoning is None:
            return []
        before, self._stations = (
            self._stations,
            self._reckoning.stations(self._stage.partners()),
        )
        return news(before, self._stations)

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
        """A message that waited is the best one to look at; an error is one too many."""
        self._errors += sum(fact.get("level") == "error" for fact in facts)
        waited = [fact for fact in facts if fact["event"] == "waiting"]
        if waited and self._waited is None:
            self._waited = waited[0]

    def _line(self, fact: Fact) -> Any:
        from engine.handling.lines import from_log

        return from_log(fact)

    def _print(self, facts: list[Fact], moved: Sequence[str] = ()) -> None:
        for fact in facts:
            print(self._layout.show(self._line(fact)), flush=True)
        for line in moved:
            print(f"*** {line}", flush=True)

    def hints(self) -> list[str]:
        """Where to go next, with ids of messages that were just seen."""
        corridor = f"{programme_name()} --home {_short(self._stage.home)}"
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
        """Wait until everything sent is delivered; whether it was, every partner has it, and all comes out even."""
        from engine.cli.reckoning import summary

        end = time.monotonic() + SETTLE
        wrong = self._wrong()
        while wrong and time.monotonic() < end:
            self._stage.check()
            fresh, moved = self._follower.fresh(), self._moved()
            self._remember(fresh)
            if not self._live:
                self._print(fresh, moved)
            time.sleep(PERIOD)
            wrong = self._wrong()
        sent = sum(self._sender.answers.values())
        if self._reckoning is not None:
            print("\n".join(["", *summary(self._stations), ""]))
        if wrong:
            print(f"{sent} messages sent, but:\n" + "\n".join(f"  {one}" for one in wrong))
        else:
            print(f"{sent} messages sent, acknowledged, and delivered to every partner")
        return not wrong

    def _wrong(self) -> list[str]:
        """What is not as it must be in the end, in words."""
        from engine.cli.selection import open_archive

        answers = self._sender.answers
        wrong = [f"answered {word}: {count}" for word, count in answers.items() if word != "AA"]
        if trouble := self._trouble():
            wrong.append(trouble)
        if self._errors:
            wrong.append(f"{self._errors} errors in the log")
        partners = self._stage.partners()
        wrong += self._uneven(partners)
        handed: Counter[str] = Counter()
        for row in open_archive(self._stage.home).counts():
            place = f"{row['channel']} to {row['destination']}"
            wrong += [
                f"{place}: {count} {state}"
                for state, count in row["states"].items()
                if count and state != "delivered"
            ]
            handed[self._addressed(row)] += row["states"].get("delivered", 0)
        for name, delivered in handed.items():
            taken = partners.get(name, {}).get("unique", delivered)
            if taken != delivered:
                wrong.append(f"to {name}: {delivered} delivered, the partner took {taken}")
        return wrong if answers else ["nothing was sent", *wrong]

    def _addressed(self, row: dict[str, Any]) -> str:
        """The partner that a destination sends to."""
        return self._partners.get((row["channel"], row["destination"]), "")

    def _uneven(self, partners: dict[str, Any]) -> list[str]:
        """What of orders and claims does not come out even, and what is quarantined."""
        from engine.cli.reckoning import uneven

        held = [
            f"{one['channel']}: {one['verdicts']['quarantined']} quarantined"
            for one in self._stage.status()["channels"]
            if one["verdicts"].get("quarantined")
        ]
        if self._reckoning is None:
            return held
        return held + uneven(self._reckoning.stations(partners))


def programme_name() -> str:
    """How this command is called from here: by its name where the shell finds it, else by its path."""
    own = Path(sys.executable).parent / "corridor"
    found = shutil.which("corridor")
    if not own.exists() or (found is not None and Path(found).samefile(own)):
        return "corridor"
    return _short(own)


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
