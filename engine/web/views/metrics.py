"""What the engine and its store say of themselves, as Prometheus asks for it. Made in the console's process, off the engine's loop."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from engine.message import Verdict
from engine.web.asked import Asked
from engine.web.standing import Channel
from engine.web.views import channels as views

#: The media type of the text format (Prometheus exposition 0.0.4).
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_STATES = ("idle", "sending", "waiting", "paused", "held", "closed", "stopped")
_OF_STORE = {
    "wal_bytes": "Bytes in the write-ahead log.",
    "commits": "Commits since the engine's start.",
    "last_batch": "Messages and steps in the last commit.",
    "last_commit_seconds": "Duration of the last commit.",
    "failed_checkpoints": "Checkpoints that failed.",
}


def text(asked: Asked[Any, Any]) -> bytes:
    """The metrics of the channels that the token may see."""
    registry = CollectorRegistry()
    registry.register(_Collector(asked))
    return generate_latest(registry)


class _Collector:
    """One look at the engine and the store."""

    def __init__(self, asked: Asked[Any, Any]) -> None:
        self._live = asked.house.times()
        self._channels = views.channels(asked)
        self._stations = {one["channel"]: one for one in self._live.get("channels", ())}

    def collect(self) -> Iterator[Metric]:
        """Everything, family by family."""
        yield from self._engine()
        yield from self._received()
        yield from self._destinations()
        yield from self._durations()

    def _engine(self) -> Iterator[Metric]:
        live = self._live
        yield GaugeMetricFamily("corridor_up", "Whether the engine runs.", int(bool(live.get("running"))))  # fmt: skip
        if not live.get("running"):
            return
        lag = live["loop_lag_ms"]
        yield GaugeMetricFamily("corridor_loop_lag_seconds", "How late the engine's loop wakes, 99th percentile.", lag["p99"] / 1000)  # fmt: skip
        yield GaugeMetricFamily("corridor_mistakes", "Mistakes in channels that keep them as they were.", len(live["mistakes"]))  # fmt: skip
        yield CounterMetricFamily("corridor_log_lines_dropped", "Log lines that were not written.", live["log_dropped"])  # fmt: skip
        for name, words in _OF_STORE.items():
            yield GaugeMetricFamily(f"corridor_store_{name}", words, live["store"].get(name, 0))

    def _received(self) -> Iterator[Metric]:
        received = CounterMetricFamily("corridor_messages_received", "Messages since the engine's start.", labels=["channel", "class"])  # fmt: skip
        verdicts = CounterMetricFamily("corridor_messages", "Messages since the engine's start, by verdict.", labels=["channel", "verdict"])  # fmt: skip
        receiving = GaugeMetricFamily("corridor_source_receiving", "Whether the source takes messages.", labels=["channel"])  # fmt: skip
        last = GaugeMetricFamily("corridor_last_received_timestamp_seconds", "When the last message came.", labels=["channel"])  # fmt: skip
        for one in self._channels:
            received.add_metric([one.name, one.class_], one.received)
            receiving.add_metric([one.name], int(one.state == "receiving"))
            last.add_metric([one.name], one.last_received_at)
            for verdict in Verdict:
                verdicts.add_metric(
                    [one.name, verdict.value], one.verdicts.get(verdict.value, 0)
                )
        yield from (received, verdicts, receiving, last)

    def _destinations(self) -> Iterator[Metric]:
        labels = ["channel", "destination"]
        delivered = CounterMetricFamily("corridor_delivered", "Deliveries that partners took, ever.", labels=labels)  # fmt: skip
        attempts = CounterMetricFamily("corridor_attempts", "Attempts since the engine's start.", labels=labels)  # fmt: skip
        depth = GaugeMetricFamily(
            "corridor_queue_depth", "Deliveries that wait.", labels=labels
        )
        age = GaugeMetricFamily("corridor_queue_age_seconds", "Age of the oldest open delivery.", labels=labels)  # fmt: skip
        stuck = GaugeMetricFamily("corridor_parked", "Deliveries that wait for a person.", labels=[*labels, "state"])  # fmt: skip
        breaker = GaugeMetricFamily("corridor_breaker_open", "Whether sending waits because the partner does not answer.", labels=labels)  # fmt: skip
        state = GaugeMetricFamily("corridor_destination_state", "1 for the state that it is in.", labels=[*labels, "state"])  # fmt: skip
        now = time.time()
        for channel, one in ((c, d) for c in self._channels for d in c.destinations):
            values = [channel.name, one.name]
            delivered.add_metric(values, one.delivered)
            attempts.add_metric(values, self._attempts(channel, one.name))
            depth.add_metric(values, one.queued)
            age.add_metric(values, max(0.0, now - one.oldest_open) if one.oldest_open else 0.0)
            stuck.add_metric([*values, "refused"], one.refused)
            stuck.add_metric([*values, "uncertain"], one.uncertain)
            breaker.add_metric(values, int(one.breaker == "open"))
            for name in _STATES:
                state.add_metric([*values, name], int(one.state == name))
        yield from (delivered, attempts, depth, age, stuck, breaker, state)

    def _attempts(self, channel: Channel, name: str) -> int:
        for one in self._stations.get(channel.name, {}).get("destinations", ()):
            if one["name"] == name:
                return int(one.get("attempts", 0))
        return 0

    def _durations(self) -> Iterator[Metric]:
        accept = HistogramMetricFamily("corridor_accept_seconds", "From the last byte received to the commit.", labels=["channel"])  # fmt: skip
        labels = ["channel", "destination"]
        attempt = HistogramMetricFamily("corridor_attempt_seconds", "How long an attempt takes.", labels=labels)  # fmt: skip
        delivery = HistogramMetricFamily("corridor_delivery_seconds", "From the queue to the partner's yes.", labels=labels)  # fmt: skip
        for channel in self._channels:
            station = self._stations.get(channel.name, {})
            if "accept" in station:
                accept.add_metric([channel.name], *self._buckets(station["accept"]))
            for name, times in station.get("times", {}).items():
                attempt.add_metric([channel.name, name], *self._buckets(times["attempts"]))
                delivery.add_metric([channel.name, name], *self._buckets(times["delivery"]))
        yield from (accept, attempt, delivery)

    def _buckets(self, state: dict[str, Any]) -> tuple[Sequence[tuple[str, float]], float]:
        return _buckets(state, self._live["bounds"])


def _buckets(
    state: dict[str, Any], bounds: Sequence[float]
) -> tuple[Sequence[tuple[str, float]], float]:
    """
    Counts as Prometheus has them: each bucket with those before it.

    >>> _buckets({"counts": [1, 2, 0], "sum": 0.5}, [0.001, 0.0025])
    ([('0.001', 1), ('0.0025', 3), ('+Inf', 3)], 0.5)
    """
    names = [*(f"{bound:g}" for bound in bounds), "+Inf"]
    return list(zip(names, accumulate(state["counts"]), strict=True)), state["sum"]
