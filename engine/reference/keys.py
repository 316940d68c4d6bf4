"""The keys of a channel: which there are comes from the loader's grammar, what they mean stands here."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator

import yaml

from engine.channel import Alerts, grammar
from engine.reference.tables import table
from engine.retry import Retry

LEVELS = (
    ("The channel", grammar.CHANNEL, "channel"),
    ("`source`, beside its connector", grammar.SOURCE, "source"),
    ("`answer` of a source", grammar.ANSWER, "answer"),
    ("`accept`, one rule or a list of them", grammar.ACCEPT, "accept"),
    ("`remember`, one memory", grammar.REMEMBER, "remember"),
    ("A step of `transform`", grammar.TRANSFORM, "transform"),
    ("`collect`", grammar.COLLECT, "collect"),
    ("`release` of a `collect`", grammar.RELEASE, "release"),
    ("A destination, beside its connector", grammar.DESTINATION, "destination"),
    ("`batch`", grammar.BATCH, "batch"),
    ("`close` of a `batch`", grammar.CLOSE, "close"),
    ("`reply`", grammar.REPLY, "reply"),
    ("`expect` of a destination", grammar.EXPECT, "expect"),
    ("`expect_ack` of a destination", grammar.EXPECT_ACK, "expect_ack"),
    ("A parameter of a template", grammar.PARAMETER, "parameter"),
    ("A test", grammar.TEST, "test"),
    ("`given`, where a test says more than a file", grammar.GIVEN, "given"),
    ("`replies`, where an answer says more than a file", grammar.ANSWERING, "answering"),
)


def page() -> str:
    """Every key of a channel, in the order of the line."""
    meanings = said()
    lines = [
        "# Keys of a channel",
        "",
        "Keys in the order in which a message meets them. All have a default but `source`",
    ]
    lines += ["and `format`.", ""]
    for title, level, name in LEVELS:
        lines += [f"## {title}", "", *_level(level, meanings[name]), ""]
    lines += ["## `retry`", "", *table(Retry), "", "## `alerts`", "", *table(Alerts), ""]
    return "\n".join(lines)


def said() -> dict[str, dict[str, str]]:
    """What each key of each level means."""
    text = importlib.resources.files(__package__).joinpath("keys.yaml").read_text("utf-8")
    found: dict[str, dict[str, str]] = yaml.safe_load(text)
    return found


def _level(level: grammar.Level, meanings: dict[str, str]) -> Iterator[str]:
    yield "| key | meaning |"
    yield "|---|---|"
    for key in level.keys:
        yield f"| `{key}` | {meanings[key]} |"
    if level.later:
        yield ""
        yield f"Known, but not in this release: {', '.join(f'`{key}`' for key in level.later)}."
