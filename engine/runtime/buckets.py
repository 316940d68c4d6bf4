"""How long things took, as counts in fixed buckets: cheap to keep, and what metrics are made of."""

from __future__ import annotations

from bisect import bisect_left

#: Upper bounds, in seconds; what took longer is counted behind the last.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3600.0)  # fmt: skip


class Buckets:
    """Durations since the engine's start."""

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        """
        One that took so long.

        >>> made = Buckets()
        >>> made.add(0.003)
        >>> made.add(7200.0)
        >>> made.state()["counts"][2], made.state()["counts"][-1], made.state()["sum"]
        (1, 1, 7200.003)
        """
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds

    def state(self) -> dict[str, object]:
        """As plain values: how many in each bucket, and the sum in seconds."""
        return {"counts": list(self.counts), "sum": self.sum}
