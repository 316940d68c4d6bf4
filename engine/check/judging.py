"""What came of a test, compared with what it expects."""

from __future__ import annotations

from collections.abc import Iterator

from engine import compare
from engine.channel import Channel, Home
from engine.channel.cases import Case, is_code
from engine.channel.given import content
from engine.check.played import Played, Told
from engine.check.reading import fields
from engine.message import Plan, Receipt, Verdict
from engine.placed import Items, Node, Record, Scalar

#: A difference: the expectation, and what came out instead.
Said = Iterator[tuple[Node, str]]


class Judging:
    """Finds everything that came out otherwise, in the order of the expectations."""

    def __init__(self, channel: Channel, case: Case, home: Home, played: Played) -> None:
        self.channel, self.case, self.home, self.played = channel, case, home, played
        self.last = played.told[-1]

    def differences(self) -> Said:
        """The differences, and why the message was quarantined where that was not expected."""
        entries = self.case.expect.entries
        found = [each for name, node in entries.items() for each in self._one(name, node)]
        receipt = self.last.receipt
        if found and receipt.verdict is Verdict.QUARANTINED and "verdict" not in entries:
            says = f"the message was quarantined: {receipt.reason}: {receipt.detail}"
            yield self.case.expect, says
        told = self.played.released if found and "released" not in entries else ()
        for group in told:
            if group.verdict is Verdict.QUARANTINED:
                says = f"the group was quarantined when it was released: {group.reason}: {group.detail}"
                yield self.case.expect, says
        yield from found

    def _one(self, name: str, node: Node) -> Said:
        if any(route.name == name for route in self.channel.routes):
            for at, says in self._destination(name, node):
                yield at, f"{name}: {says}"
        elif "." in name:
            yield from self._elsewhere(name, node)
        else:
            for at, says in getattr(self, f"_{name}")(node):
                yield at, f"{name}{says}"

    def _elsewhere(self, name: str, node: Node) -> Said:
        other, _, destination = name.partition(".")
        channel = self.home.channels.get(other)
        if channel is None or all(route.name != destination for route in channel.routes):
            where = "channel" if channel is None else "destination of it"
            missing = other if channel is None else destination
            yield node, f"{name}: there is no {where} '{missing}'"
            return
        for at, says in self._destination(name, node):
            yield at, f"{name}: {says}"

    # -- what senders are told ------------------------------------------------------------------------------

    def _each(self, node: Node, made: list[tuple[str, str]]) -> Said:
        """One value is of the last message, a list has one for each; `made` are the values with why they are so."""
        if not isinstance(node, Items):
            ours, why = made[-1]
            if isinstance(node, Scalar) and node.text != ours:
                yield node, f" is {ours}{why}, expected {node.text}"
            return
        if len(made) != len(node.items):
            yield node, f": {len(made)} messages were given, {len(node.items)} are expected"
            return
        for number, ((ours, why), item) in enumerate(zip(made, node.items, strict=True), 1):
            if isinstance(item, Scalar) and item.text != ours:
                yield item, f" {number} is {ours}{why}, expected {item.text}"

    def _verdict(self, node: Node) -> Said:
        made = [(str(told.receipt.verdict), _why(told.receipt)) for told in self.played.told]
        yield from self._each(node, made)

    def _reason(self, node: Node) -> Said:
        items = node.items if isinstance(node, Items) else (node,)
        told = self.played.told if isinstance(node, Items) else [self.last]
        if len(told) != len(items):
            yield node, f": {len(told)} messages were given, {len(items)} are expected"
            return
        for one, item in zip(told, items, strict=True):
            if isinstance(item, Scalar) and item.text != one.receipt.reason:
                yield item, f" is '{one.receipt.reason}', expected '{item.text}'"

    def _acknowledgement(self, node: Node) -> Said:
        yield from self._answer(node, self.last.acknowledgement, "acknowledgement")

    def _reply(self, node: Node) -> Said:
        if isinstance(node, Record):
            for at, says in self._fields(self.last.reply, node, self.last.channel, ""):
                yield at, f": {says}"
            return
        yield from self._answer(node, self.last.reply, "reply")

    def _answer(self, node: Node, made: bytes, name: str) -> Said:
        assert isinstance(node, Scalar)
        if not is_code(node.text, name):
            for says in compare.payload(made, content(node, self.home.folder)):
                yield node, f": {says}"
            return
        code = self.last.status.partition(" ")[0] if node.text.isdigit() else _code(made)
        if code != node.text:
            yield node, f" is {code or 'missing'}, expected {node.text}"

    def _keys(self, node: Node) -> Said:
        made: dict[str, list[str]] = {}
        for planned in (self.last.plan, *self.last.plan.parts):
            for name, text in planned.keys:
                made.setdefault(name, []).append(text)
        for name, wanted in node.entries.items() if isinstance(node, Record) else ():
            items = wanted.items if isinstance(wanted, Items) else (wanted,)
            texts = [item.text for item in items if isinstance(item, Scalar)]
            expected = [text for text in texts if text != "nothing"]
            if made.get(name, []) != expected:
                ours, theirs = _listed(made.get(name, [])), _listed(expected)
                yield wanted, f": {name} is {ours}, expected {theirs}"

    # -- numbers --------------------------------------------------------------------------------------------

    def _deliveries(self, node: Node) -> Said:
        yield from _count(node, self.played.deliveries)

    def _waiting(self, node: Node) -> Said:
        yield from _count(node, self.played.waiting)

    def _released(self, node: Node) -> Said:
        """What became of the groups that were released, one verdict or a list of them."""
        items = node.items if isinstance(node, Items) else (node,)
        made = self.played.released
        if len(made) != len(items):
            yield node, f": {len(made)} groups were released, {len(items)} are expected"
            return
        for ours, item in zip(made, items, strict=True):
            if isinstance(item, Scalar) and item.text != str(ours.verdict):
                yield item, f" is {ours.verdict}{_why(ours)}, expected {item.text}"

    def _unconfirmed(self, node: Node) -> Said:
        yield from _count(node, self.played.unconfirmed)

    # -- what destinations get ------------------------------------------------------------------------------

    def _destination(self, name: str, node: Node) -> Said:
        made = self.played.got.get(name, [])
        items = node.items if isinstance(node, Items) else (node,)
        nothing = isinstance(node, Scalar) and node.style == "plain" and node.text == "nothing"
        wanted = 0 if nothing else len(items)
        if len(made) != wanted:
            got = f"got {_counted(len(made))}, expected {_counted(wanted)}"
            yield node, got + (self._held() if len(made) < wanted else "")
            return
        for at, (ours, item) in enumerate(zip(made, items if wanted else (), strict=True), 1):
            which = f"payload {at}: " if wanted > 1 else ""
            for place, says in self._payload(ours, item, name):
                yield place, which + says

    def _held(self) -> str:
        """Why there is less than was expected, where parts of a message were quarantined."""
        parts = [part for told in self.played.told for part in told.receipt.parts]
        held = [part for part in parts if part.verdict is Verdict.QUARANTINED]
        return f"; parts quarantined: {len(held)}, the first{_why(held[0])}" if held else ""

    def _payload(self, made: bytes, node: Node, name: str) -> Said:
        if isinstance(node, Scalar):
            for says in compare.payload(made, content(node, self.home.folder)):
                yield node, says
        elif isinstance(node, Record):
            other, dot, destination = name.rpartition(".")
            channel = self.home.channels[other] if dot else self.channel
            yield from self._fields(made, node, channel, destination)

    def _fields(self, made: bytes, node: Record, channel: Channel, destination: str) -> Said:
        told: Told = self.last
        yield from fields(made, node, channel, destination, self.home, told.inbound)


def _why(receipt: Receipt | Plan) -> str:
    if receipt.verdict is Verdict.DUPLICATE:
        return ""
    why = ": ".join(text for text in (receipt.reason, receipt.detail) if text)
    return f" ({why})" if why else ""


def _code(made: bytes) -> str:
    """MSA-1 of an acknowledgement."""
    for line in compare.lines(made):
        if line.startswith("MSA"):
            return line.split(line[3:4])[1] if len(line) > 4 else ""
    return ""


def _count(node: Node, made: int) -> Said:
    if isinstance(node, Scalar) and int(node.text) != made:
        yield node, f" are {made}, expected {node.text}"


def _counted(number: int) -> str:
    return {0: "nothing", 1: "one payload"}.get(number, f"{number} payloads")


def _listed(texts: list[str]) -> str:
    return ", ".join(compare.shown(text) for text in texts) or "nothing"
