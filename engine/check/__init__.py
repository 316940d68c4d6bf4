"""
Runs the `tests:` of channels through the line that production runs, and says what differs. For the CLI, pytest and pages.

    played    what came of a test; the quick way, for tests of one message of which nothing is remembered
    stage     the other way: a store of its own, a clock that is moved by waits
    partners  who gets deliveries and answers; givens: memory, numbers and tables as a test gives them
    dry       planning on trial, with the tables and memory of the home; captured, many messages of a folder
    covering  what of channels and mappings no test reaches
    trial     all that would come of one message; effects, what is done besides sending, in words
    judging   what came out otherwise than expected; reading, fields of payloads
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from engine.channel import Channel, Home, load_all
from engine.channel.cases import Case, case
from engine.channel.given import Bounds
from engine.check.givens import tables_of
from engine.check.judging import Judging
from engine.check.played import Played, context_of, quick
from engine.check.stage import staged
from engine.errors import EngineError
from engine.pipeline import remembers
from engine.placed import Mistakes, Node, Place


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that came out otherwise than expected."""

    file: str
    line: int
    """Where the expectation stands."""
    says: str
    """`billing: quantity is 3, expected 2`"""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.says}"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How one test went."""

    channel: str
    name: str
    """The test's name, or its line where it has none."""
    file: str
    line: int
    differences: tuple[Difference, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return not self.differences

    def text(self) -> str:
        """Every difference on a line of its own, with the place of the expectation."""
        return "\n".join(map(str, self.differences))


class Example(msgspec.Struct, frozen=True):
    """One test of one channel, for pytest: `@pytest.mark.parametrize("example", examples("."), ids=str)`."""

    channel: Channel
    node: Node
    home: Home

    def __str__(self) -> str:
        return f"{self.channel.name}:{self.node.place.line}"

    def check(self) -> None:
        """AssertionError that names every difference."""
        result = _run(self.channel, self.node, self.home)
        if not result.passed:
            raise AssertionError(f"{result.channel}: {result.name}\n{result.text()}")


def examples(folder: Path | str) -> list[Example]:
    """All tests of all channels of a home; ConfigError where it has mistakes."""
    home = load_all(Path(folder))
    return [
        Example(channel, node, home)
        for channel in home.channels.values()
        for node in channel.tests
    ]


def run_all(home: Home) -> list[Result]:
    """Run the tests of all channels, by the channels' names."""
    return [result for channel in home.channels.values() for result in run(channel, home)]


def run(channel: Channel, home: Home) -> list[Result]:
    """Run the tests of one channel, in the order written. Nothing is sent and nothing kept."""
    return list(results(channel, home))


def results(channel: Channel, home: Home) -> Iterator[Result]:
    """The same, one after another, for those who have a limit of time."""
    for node in channel.tests:
        yield _run(channel, node, home)


def _run(channel: Channel, node: Node, home: Home) -> Result:
    mistakes = Mistakes()
    names = tuple(route.name for route in channel.routes)
    bounds = Bounds(home=home.folder, zone=channel.zone, destinations=names)
    read = case(node, bounds, mistakes)
    if read is None:
        found = tuple(
            Difference(file=mistake.file, line=mistake.line, says=mistake.problem)
            for mistake in mistakes
        )
        name = f"line {node.place.line}"
        return _result(channel, name, node.place, found)
    try:
        played = play(channel, read, home)
    except EngineError as error:
        place = read.place
        failed = Difference(file=place.file, line=place.line, says=str(error))
        return _result(channel, read.name, place, (failed,))
    found = tuple(
        Difference(file=at.place.file, line=at.place.line, says=says)
        for at, says in Judging(channel, read, home, played).differences()
    )
    return _result(channel, read.name, read.place, found)


def play(channel: Channel, case: Case, home: Home) -> Played:
    """Everything that comes of a test. EngineError where it cannot be played: a table's file cannot be taken."""
    tables = tables_of(case, home)
    if needs_stage(channel, case, home):
        return staged(channel, case, home, tables)
    return quick(channel, case, home, tables)


def needs_stage(channel: Channel, case: Case, home: Home) -> bool:
    """Whether a test needs more than the plan of one message."""
    world, entries = case.world, case.expect.entries
    expects = channel.answer is not None and "reply" in entries
    expects = expects or any(name in entries for name in ("waiting", "released", "unconfirmed"))
    given = bool(world.memory or world.numbers or world.replies)
    chosen = case.given[0].channel or channel.name
    several = len(case.given) > 1 or chosen != channel.name
    after = any(route.expect is not None for route in channel.routes)
    context = context_of(case, home, case.now, 0, None)
    return several or given or expects or after or remembers(channel, context)


def _result(channel: Channel, name: str, place: Place, found: tuple[Difference, ...]) -> Result:
    return Result(
        channel=channel.name, name=name, file=place.file, line=place.line, differences=found
    )
