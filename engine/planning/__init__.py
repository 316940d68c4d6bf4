"""
One message on its way through its channel, step by step. Pure. `engine/pipeline.py` says when; this says how.

    failures     plans of messages that cannot be planned
    keys         values as the texts that keys and lanes are made of
    remembering  `remember:`
    overlay      what earlier parts of a message remember, seen by the later ones
    routing      destinations: chosen, rendered, addressed; handed over, or joined to a batch
    parts        `split:`, a file's records, what vanished from it
    sealing      interchanges in a partner's envelope, and what must be acknowledged of them
    acknowledging  what says to a sender what became of its interchange
    groups       `collect:`, and what comes of a group that is released
    tracing      what each rule made, for `corridor try`
    moments      when a group ends
"""

from __future__ import annotations

import msgspec

from engine.channel import Channel, Rule
from engine.effects import Answered, Join, Notes, Numbered
from engine.errors import MessageError
from engine.formats import Document, Scope
from engine.mapping import Product
from engine.message import Context, Facts, Inbound, Plan, Verdict
from engine.planning import groups, remembering, sealing
from engine.planning.failures import failed, place, reason
from engine.planning.keys import joined, texts_of
from engine.planning.routing import Planner, Routing, chained, node_of, outbound

__all__ = ["Planning", "Releasing", "failed", "node_of", "place", "texts_of"]


class Planning:
    """One message on its way: let, key, processing, accept, remember, transform, then collect or route and render."""

    __slots__ = (
        "channel", "content", "context", "digest", "document", "facts", "inbound", "planner", "scope", "unread",
    )  # fmt: skip

    def __init__(
        self, channel: Channel, inbound: Inbound, content: bytes, digest: bytes, context: Context, planner: Planner
    ) -> None:  # fmt: skip
        self.channel, self.inbound, self.content = channel, inbound, content
        self.digest, self.context, self.planner = digest, context, planner
        self.facts = Facts(inbound=inbound, context=context, marks=channel.marks)
        self.document: Document = channel.format.parse(content, channel.reading)
        self.scope = Scope(self.document, self.facts)
        self.unread: MessageError | None = None
        """Why what the message would remember cannot be read; it counts only where the message is accepted."""

    def plan(self) -> Plan:
        """Everything the channel says about the message; what the message does not allow is quarantined."""
        channel, document = self.channel, self.document
        unique: str | None = None
        keys: tuple[tuple[str, str], ...] = ()
        routing = Routing(channel, self.inbound, self.content, self.facts, self.scope, self.planner)  # fmt: skip
        joins: list[Join] = []
        verdict, why, detail, made = Verdict.ACCEPTED, "", "", ""
        try:
            self._validate()
            self.lets()
            unique = self._unique()
            keys = self._keys()
            self._processing()
            if channel.remembers:
                self._remember()
            if (stop := self._accept()) is not None:
                verdict, why = _stopped(stop)
            else:
                products = self.transform()
                made = summary(products)
                if channel.collect is not None:
                    joins = self._collect(products)
                    if joins:
                        verdict = Verdict.COLLECTED
                    else:
                        verdict, why = Verdict.FILTERED, "nothing_to_collect"
                else:
                    routing.route(products)
                    joins = routing.joins
                    if not (routing.outbound or routing.handed or joins):
                        verdict, why = Verdict.FILTERED, "no_destination"
        except Exception as error:
            verdict, joins = Verdict.QUARANTINED, []
            why, detail = reason(error)
        sound = verdict is not Verdict.QUARANTINED
        answered = self._answered() if channel.is_answered and sound else ()
        if answered and why == "no_destination":
            why, made = "acknowledgement", sealing.spoken(answered)
        notes = self.facts.notes
        # A call with more than fifteen named arguments is made four times slower by Python
        planned = Plan(
            verdict=verdict,
            reason=why,
            detail=detail,
            owner="" if sound else notes.owner or channel.owner,
            kind=document.kind(),
            control=document.control(),
            unique=unique,
            digest=self.digest,
            keys=keys,
            outbound=tuple(routing.outbound) if sound else (),
            summary=made,
            release=channel.release,
            parts=tuple(routing.handed) if sound else (),
            joins=tuple(joins),
            tables=_asked(notes) if notes.tables else (),
        )
        if not sound or not (notes.remembers or notes.numbers or routing.expects or answered):
            return planned
        return msgspec.structs.replace(
            planned,
            remembers=tuple(notes.remembers.values()),
            numbers=tuple(notes.numbers),
            expects=tuple(routing.expects),
            answered=answered,
        )

    def _validate(self) -> None:
        if self.channel.validate:
            self.channel.format.validate(self.document, self.channel.validate)

    def _answered(self) -> tuple[Answered, ...]:
        """What it says became of things that were sent before."""
        return tuple(self.channel.format.answers(self.document))

    def lets(self) -> None:
        """Fill in the channel's `let`."""
        if self.channel.lets:
            values = self.scope.values = [None] * len(self.channel.lets)
            for slot, let in enumerate(self.channel.lets):
                values[slot] = let.run(self.scope)

    def _unique(self) -> str | None:
        if self.channel.unique is None or self.inbound.as_new:
            return None
        return joined(self.channel.unique, self.scope)

    def _keys(self) -> tuple[tuple[str, str], ...]:
        found = []
        for name, expression in self.channel.keys:
            for value in texts_of(expression.run(self.scope)):
                found.append((name, value))
        return tuple(found)

    def _processing(self) -> None:
        said = self.document.processing()
        wanted = self.channel.processing or self.context.environment
        if said and said != wanted and not (wanted == "test" and said == "debugging"):
            rule = f"the message is for {said}, this channel takes {wanted}"
            raise MessageError("wrong_processing_id", rule)

    def _remember(self) -> None:
        """Before `accept`, which may ask what has changed."""
        try:
            remembering.note(self.channel, self.scope, self.facts)
        except MessageError as error:
            self.unread = error

    def _accept(self) -> Rule | None:
        for rule in self.channel.accept:
            if rule.when.run(self.scope) is not True:
                self.facts.notes.remembers.clear()
                return rule
        if self.unread is not None:
            raise self.unread
        return None

    def transform(self) -> list[Product]:
        """What the channel's mappings make of the message; without any the message itself."""
        channel = self.channel
        if not channel.transforms:
            kind = self.document.kind()
            of = channel.format_name
            return [Product(of=of, payload=self.content, shows=kind, node=self.document)]
        products: list[Product] = []
        for chain in channel.transforms:
            products += chained(chain, self.document, self.facts, self.scope.values)
        return products

    def _collect(self, products: list[Product]) -> list[Join]:
        now = self.context.now
        return [
            groups.join(self.channel, product, index, self.scope, now)
            for index, product in enumerate(products, 1)
        ]


class Releasing:
    """A group on its way: what was collected through `then`, routes and destinations; a batch to its destination."""

    def __init__(
        self, channel: Channel, inbound: Inbound, content: bytes, digest: bytes, context: Context, planner: Planner
    ) -> None:  # fmt: skip
        self.channel, self.inbound, self.content = channel, inbound, content
        self.digest, self.planner = digest, planner
        self.facts = Facts(inbound=inbound, context=context, marks=channel.marks)
        self.body = groups.unpack(content)

    def plan(self) -> Plan:
        """What becomes of the group; quarantined, whole, where it cannot be mapped or sealed."""
        body, channel = self.body, self.channel
        count = len(body.members)
        members = "1 member" if count == 1 else f"{count} members"
        kind = f"batch {body.number}" if body.group else "group"
        routing: Routing | None = None
        verdict, why, detail, made = Verdict.ACCEPTED, "", "", f"{kind} of {members}"
        try:
            routing, products = self._batch() if body.group else self._collected()
            if products:
                made = f"{summary(products)} of {members}"
            if not (routing.outbound or routing.handed or routing.joins):
                verdict, why = Verdict.FILTERED, "no_destination"
        except Exception as error:
            verdict, routing = Verdict.QUARANTINED, None
            why, detail = reason(error)
        notes = self.facts.notes
        return Plan(
            verdict=verdict,
            reason=why,
            detail=detail,
            owner="" if routing is not None else notes.owner or channel.owner,
            kind=kind,
            digest=self.digest,
            outbound=tuple(routing.outbound) if routing is not None else (),
            summary=made,
            release=channel.release,
            parts=tuple(routing.handed) if routing is not None else (),
            joins=tuple(routing.joins) if routing is not None else (),
            numbers=self._numbers(),
            expects=tuple(routing.expects) if routing is not None else (),
            tables=_asked(notes),
        )

    def _numbers(self) -> tuple[Numbered, ...]:
        """Those taken while it was planned, and the batch's own; a replay keeps the number that the batch has."""
        body, taken = self.body, self.facts.notes.numbers
        if body.number and self.inbound.group:
            name = groups.batch_sequence(self.channel.name, body.group)
            return (*taken, Numbered(sequence=name, value=body.number))
        return tuple(taken)

    def _collected(self) -> tuple[Routing, list[Product]]:
        channel = self.channel
        if channel.collect is None:
            rule = "the channel does not collect any more; give it `collect:` again, or discard the message"
            raise MessageError("no_such_group", rule)
        node = groups.record(channel, self.body)
        products = groups.gathered(channel, node, self.facts)
        scope = Scope(node, self.facts, values=[None] * len(channel.names))
        routing = Routing(channel, self.inbound, self.content, self.facts, scope, self.planner)
        routing.route(products)
        return routing, products

    def _batch(self) -> tuple[Routing, list[Product]]:
        channel, body = self.channel, self.body
        found = [route for route in channel.routes if route.name == body.group]
        if not found or found[0].batch is None:
            rule = f"{body.group} is no longer a destination with a 'batch'"
            raise MessageError("no_such_group", rule)
        route = found[0]
        payload, scope, origins = groups.sealed(channel, route, body, self.facts)
        routing = Routing(channel, self.inbound, payload, self.facts, scope, self.planner)
        routing.outbound.append(outbound(route, f"batch {body.number}", payload, 1, scope))
        if route.expect_ack is not None:
            routing.expects += sealing.awaited(route, payload, 1, origins)
        return routing, []


def _asked(notes: Notes) -> tuple[str, ...]:
    """The data tables that were asked, with their versions: `cdm@12`."""
    return tuple([f"{name}@{version}" for name, version in notes.tables.items()])


def _stopped(rule: Rule) -> tuple[Verdict, str]:
    """What a rule of `accept` that does not hold means: filtered; MessageError where it rejects."""
    if rule.otherwise == "reject":
        raise MessageError("rejected", rule.because or f"{rule.when.text} does not hold")
    return Verdict.FILTERED, rule.because or "not_accepted"


def summary(products: list[Product]) -> str:
    """What was made, for people: `2 ChargeEvent`."""
    if len(products) == 1:
        return products[0].shows
    counts: dict[str, int] = {}
    for product in products:
        counts[product.shows] = counts.get(product.shows, 0) + 1
    told = (shows if count == 1 else f"{count} {shows}" for shows, count in counts.items())
    return ", ".join(told)
