"""Runs the `tests:` of channels through the line that production runs, and says what differs. For the CLI, pytest and pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from engine import compare, formats
from engine.channel import Channel, Home, load_all
from engine.channel.binding import language_of
from engine.channel.cases import Case, case, content
from engine.formats import Reading, Scope
from engine.mapping import expression
from engine.mapping.tables import Tables
from engine.message import Body, Context, Facts, Inbound, Plan, Receipt, Verdict
from engine.pipeline import plan
from engine.placed import Items, Mistakes, Node, Place, Record, Scalar


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
    return [_run(channel, node, home) for node in channel.tests]


def _run(channel: Channel, node: Node, home: Home) -> Result:
    names = tuple(route.name for route in channel.routes)
    mistakes = Mistakes()
    read = case(node, names, home.folder, channel.zone, mistakes)
    if read is None:
        found = tuple(
            Difference(file=mistake.file, line=mistake.line, says=mistake.problem)
            for mistake in mistakes
        )
        name = f"line {node.place.line}"
        return _result(channel, name, node.place, found)
    found = tuple(_Run(channel, read, home).differences())
    return _result(channel, read.name, read.place, found)


def _result(channel: Channel, name: str, place: Place, found: tuple[Difference, ...]) -> Result:
    return Result(
        channel=channel.name, name=name, file=place.file, line=place.line, differences=found
    )


class _Run:
    """One test while it runs."""

    def __init__(self, channel: Channel, case: Case, home: Home) -> None:
        self.channel, self.case, self.home = channel, case, home
        facts = {"file_name": case.file_name} if case.file_name else None
        self.inbound = Inbound(
            raw=case.message(home.folder), received_at=case.now, peer=case.peer, facts=facts
        )
        self.context = Context(
            now=case.now,
            id=1,
            environment=case.environment or home.installation.environment,
            channels=home.channels,
        )
        self.plan = plan(channel, self.inbound, self.context)

    def differences(self) -> Iterator[Difference]:
        """Everything that came out otherwise, in the order of the expectations."""
        entries = self.case.expect.entries
        found = [each for name, node in entries.items() for each in self._one(name, node)]
        quarantined = self.plan.verdict is Verdict.QUARANTINED
        if found and quarantined and "verdict" not in entries:
            says = f"the message was quarantined: {self.plan.reason}: {self.plan.detail}"
            yield self._difference(self.case.expect, says)
        yield from found

    def _one(self, name: str, node: Node) -> Iterator[Difference]:
        route = next((route for route in self.channel.routes if route.name == name), None)
        if route is not None:
            handed = str(route.link.settings.name) if route.link.kind == "channel" else ""
            payloads = list(self._payloads(self.plan, name, handed))
            for at, says in self._destination(payloads, node):
                yield self._difference(at, f"{name}: {says}")
        else:
            for at, says in getattr(self, f"_{name}")(node):
                yield self._difference(at, f"{name}{says}")

    def _difference(self, node: Node, says: str) -> Difference:
        return Difference(file=node.place.file, line=node.place.line, says=says)

    # -- what the plan says ------------------------------------------------------------------------------

    def _verdict(self, node: Node) -> Iterator[tuple[Node, str]]:
        made = str(self.plan.verdict)
        if isinstance(node, Scalar) and node.text != made:
            why = ": ".join(text for text in (self.plan.reason, self.plan.detail) if text)
            yield node, f" is {made}{f' ({why})' if why else ''}, expected {node.text}"

    def _reason(self, node: Node) -> Iterator[tuple[Node, str]]:
        if isinstance(node, Scalar) and node.text != self.plan.reason:
            yield node, f" is '{self.plan.reason}', expected '{node.text}'"

    def _deliveries(self, node: Node) -> Iterator[tuple[Node, str]]:
        count = sum(1 for _ in self._everything(self.plan))
        if isinstance(node, Scalar) and int(node.text) != count:
            yield node, f" are {count}, expected {node.text}"

    def _keys(self, node: Node) -> Iterator[tuple[Node, str]]:
        made: dict[str, list[str]] = {}
        for planned in (self.plan, *self.plan.parts):
            for name, text in planned.keys:
                made.setdefault(name, []).append(text)
        for name, wanted in node.entries.items() if isinstance(node, Record) else ():
            items = wanted.items if isinstance(wanted, Items) else (wanted,)
            texts = [item.text for item in items if isinstance(item, Scalar)]
            expected = [text for text in texts if text != "nothing"]
            if made.get(name, []) != expected:
                ours, theirs = _listed(made.get(name, [])), _listed(expected)
                yield wanted, f": {name} is {ours}, expected {theirs}"

    def _acknowledgement(self, node: Node) -> Iterator[tuple[Node, str]]:
        channel, raw = self.channel, self.inbound.raw
        assert isinstance(raw, bytes) and isinstance(node, Scalar)
        made = channel.format.acknowledge(
            raw, _receipt(self.plan), channel.reading, self.case.now
        )
        if len(node.text) > 2:
            for says in compare.payload(made, content(node, self.home.folder)):
                yield node, f": {says}"
            return
        code = self._read(made, Scalar(text="MSA-1", style="plain", place=node.place))
        if code != node.text:
            yield node, f" is {code or 'missing'}, expected {node.text}"

    # -- what destinations get ---------------------------------------------------------------------------

    def _everything(self, plan: Plan) -> Iterator[bytes]:
        """Every payload for a destination, also those of the parts; what is handed over counts once."""
        for outbound in plan.outbound:
            yield _bytes(outbound.payload)
        for part in plan.parts:
            if part.channel:
                yield _bytes(part.part_raw)
            else:
                yield from self._everything(part)

    def _payloads(self, plan: Plan, name: str, handed: str) -> Iterator[bytes]:
        for outbound in plan.outbound:
            if outbound.destination == name:
                yield _bytes(outbound.payload)
        for part in plan.parts:
            if part.channel and part.channel == handed:
                yield _bytes(part.part_raw)
            elif not part.channel:
                yield from self._payloads(part, name, handed)

    def _destination(self, made: list[bytes], node: Node) -> Iterator[tuple[Node, str]]:
        items = node.items if isinstance(node, Items) else (node,)
        nothing = isinstance(node, Scalar) and node.style == "plain" and node.text == "nothing"
        wanted = 0 if nothing else len(items)
        if len(made) != wanted:
            yield node, f"got {_counted(len(made))}, expected {_counted(wanted)}"
            return
        for at, (ours, item) in enumerate(zip(made, items if wanted else (), strict=True), 1):
            which = f"payload {at}: " if wanted > 1 else ""
            for place, says in self._payload(ours, item):
                yield place, which + says

    def _payload(self, made: bytes, node: Node) -> Iterator[tuple[Node, str]]:
        if isinstance(node, Scalar):
            for says in compare.payload(made, content(node, self.home.folder)):
                yield node, says
        elif isinstance(node, Record):
            value = compare.as_json(made)
            if value is not compare.ABSENT:
                yield from compare.fields(value, node)
            elif made.startswith(b"MSH"):
                yield from compare.texts(lambda path: self._read(made, path), node)
            else:
                problem = "is neither JSON nor HL7, whose fields can be named; expect a file or a block of text"
                yield node, problem

    def _read(self, message: bytes, path: Scalar) -> str | None:
        """The value that a path of HL7 has in a message; a path that cannot be is told as its own value."""
        format, mistakes = formats.load("hl7v2"), Mistakes()
        code_tables = Tables(self.home.folder, mistakes)
        language = language_of("hl7v2", format, mistakes, code_tables, self.channel.zone)
        compiled = expression(path, language)
        if compiled is None:
            return next(iter(mistakes)).problem
        document = format.parse(message, Reading())
        value = compiled.run(Scope(document, Facts(inbound=self.inbound, context=self.context)))
        return None if value is None else str(value)


def _receipt(plan: Plan) -> Receipt:
    """What the store would have kept of a plan."""
    parts = tuple(_receipt(part) for part in plan.parts if not part.channel)
    return Receipt(
        id=1, verdict=plan.verdict, reason=plan.reason, detail=plan.detail, parts=parts
    )


def _bytes(body: Body) -> bytes:
    return body if isinstance(body, bytes) else Path(body.path).read_bytes()


def _counted(number: int) -> str:
    return {0: "nothing", 1: "one payload"}.get(number, f"{number} payloads")


def _listed(texts: list[str]) -> str:
    return ", ".join(compare.shown(text) for text in texts) or "nothing"
