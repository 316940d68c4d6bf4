"""A partner over SFTP that trades: it reads what is put into `in` and leaves what it has to say in other folders."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from engine.simulate.drops import put
from engine.simulate.fault import Fault
from engine.simulate.interchange import Answer
from engine.simulate.partner import Received
from engine.simulate.payer import Payer
from engine.simulate.sftp import SftpPartner
from engine.simulate.supplier import Supplier

#: Seconds from the first answer to a file to the second, and so on.
PACE = 1.0


class Trade(Protocol):
    """What a partner does with what it is sent."""

    counts: Counter[str]
    folders: tuple[str, ...]

    def answers(self, raw: bytes, now: float) -> Iterator[Answer]:
        """The files that it leaves for one."""
        ...


TRADES: dict[str, Callable[[], Trade]] = {"supplier": Supplier, "payer": Payer}


class TradingPartner(SftpPartner):
    """A drop box with somebody behind it. What it is sent lies in `in` afterwards."""

    kind = "sftp"

    def __init__(
        self, name: str, port: int = 0, fault: str = Fault.NONE, *, trade: Trade, pace: float = PACE, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(name, port, fault, **options)
        self.trade, self.pace = trade, pace
        self.sent: Counter[str] = Counter()
        """Transaction sets it left, by kind."""
        self._due: set[asyncio.TimerHandle] = set()
        for folder in ("in", *trade.folders):
            (self.folder / folder).mkdir(exist_ok=True)

    def ways(self) -> dict[str, str]:
        """Besides, where it takes files and where it leaves its own."""
        return {**super().ways(), "takes": "in", "leaves": ", ".join(self.trade.folders)}

    async def __aexit__(self, *error: object) -> None:
        for handle in self._due:
            handle.cancel()
        await super().__aexit__(*error)

    def named(self, path: Path) -> None:
        """A file has its final name; those that a client puts away are nothing new."""
        if path.parent != self.folder / "in":
            return
        body = path.read_bytes()
        self.take(Received(key="", body=body, path=path.name))
        loop = asyncio.get_running_loop()
        self._due = {one for one in self._due if one.when() > loop.time()}
        for answer in self.trade.answers(body, time.time()):
            name = f"{path.stem}_{self.unique:05}.{answer.kind}"
            self._due.add(loop.call_later(answer.after * self.pace, self._leave, name, answer))

    def _leave(self, name: str, answer: Answer) -> None:
        put(self, answer.folder, name, answer.content)
        self.sent[answer.kind] += answer.sets

    def stats(self) -> dict[str, Any]:
        """For the control endpoint."""
        return {**super().stats(), "took": dict(self.trade.counts), "sent": dict(self.sent)}


def trading_partner(trade: str) -> Callable[..., TradingPartner]:
    """Makes partners of that trade; options as those of TradingPartner."""

    def make(
        name: str = trade, port: int = 0, fault: str = Fault.NONE, **options: Any
    ) -> TradingPartner:
        return TradingPartner(name, port, fault, trade=TRADES[trade](), **options)

    return make
