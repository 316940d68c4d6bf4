"""What became of all that the demo sent: whether everything is delivered, nothing is held up, and all comes out even."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engine.cli.addresses import addressed
from engine.cli.reckoning import Reckoning, Station, news, summary, uneven
from engine.cli.selection import open_archive

if TYPE_CHECKING:
    from engine.cli.hospital import Hospital
    from engine.cli.stage import Sender, Stage
    from engine.handling.follow import Fact


class Outcome:
    """Compares what was sent with what the store and the partners have."""

    def __init__(self, stage: Stage, sender: Sender, hospital: Hospital | None) -> None:
        self._stage, self._sender, self._hospital = stage, sender, hospital
        self._reckoning = Reckoning(hospital, stage.home) if hospital is not None else None
        self._partners = addressed(stage.home)
        self._stations: list[Station] = []
        self._errors = 0

    @property
    def trouble(self) -> str:
        """Why nothing is sent any more; empty while it is."""
        told = self._hospital.trouble if self._hospital is not None else ""
        return self._sender.trouble or told

    def hear(self, facts: list[Fact]) -> None:
        """Note errors among lines of the log."""
        self._errors += sum(fact.get("level") == "error" for fact in facts)

    def moved(self) -> list[str]:
        """What orders and claims did since one looked last, a line for each station."""
        before, self._stations = self._stations, self._looked()
        return news(before, self._stations)

    def summary(self) -> list[str]:
        """How far orders and claims are, or what came of all."""
        return summary(self._stations)

    def sent(self) -> int:
        """How many messages were sent and answered, besides those of orders and claims."""
        return sum(self._sender.answers.values())

    def wrong(self) -> list[str]:
        """What is not as it must be in the end, in words."""
        answers = self._sender.answers
        found = [] if answers else ["nothing was sent"]
        found += [
            f"answered {word}: {count}" for word, count in answers.items() if word != "AA"
        ]
        found += [self.trouble] if self.trouble else []
        found += [f"{self._errors} errors in the log"] if self._errors else []
        return [*found, *self._quarantined(), *self._undelivered(), *uneven(self._looked())]

    def _looked(self) -> list[Station]:
        if self._reckoning is None:
            return []
        return self._reckoning.stations(self._stage.partners())

    def _quarantined(self) -> Iterator[str]:
        for one in self._stage.status()["channels"]:
            if count := one["verdicts"].get("quarantined"):
                yield f"{one['channel']}: {count} quarantined"

    def _undelivered(self) -> Iterator[str]:
        handed: Counter[str] = Counter()
        for row in open_archive(self._stage.home).counts():
            place = f"{row['channel']} to {row['destination']}"
            for state, count in row["states"].items():
                if count and state != "delivered":
                    yield f"{place}: {count} {state}"
            handed[self._partner(row)] += row["states"].get("delivered", 0)
        partners = self._stage.partners()
        for name, delivered in handed.items():
            taken = partners.get(name, {}).get("unique", delivered)
            if taken != delivered:
                yield f"to {name}: {delivered} delivered, the partner took {taken}"

    def _partner(self, row: dict[str, Any]) -> str:
        """The partner that a destination sends to; empty where it is none of ours."""
        return self._partners.get((row["channel"], row["destination"]), "")
