"""`of: acknowledgement` and `expect_ack:` of destinations: what says what became of a message, here and at the partner's."""

from __future__ import annotations

from engine import formats
from engine.channel import ExpectAck, Link, Route
from engine.channel.binding import Binding
from engine.channel.envelopes import kind_of
from engine.channel.grammar import EXPECT_ACK
from engine.channel.products import Made
from engine.mapping import Expression, Mapping
from engine.placed import Node, Record, Scalar
from engine.settings import Duration

#: What a destination says under `of`.
OF = "acknowledgement"
_WRITE = "expect_ack: {from: medline_in, within: 4h}"
#: Keys that choose or change what a destination gets; an acknowledgement is due or not, and says what became of a message.
_NOT = {
    "when": "an acknowledgement is due or not, whatever the message says",
    "render": "an acknowledgement is written by the format",
    "batch": "an acknowledgement leaves when it is due",
    "after": "an acknowledgement waits for nothing",
    "expect": "nobody acknowledges an acknowledgement",
    "expect_ack": "nobody acknowledges an acknowledgement",
}


def wanted(record: Record) -> bool:
    """Whether a destination gets acknowledgements."""
    node = record.entries.get("of")
    return isinstance(node, Scalar) and node.text == OF


def check(binding: Binding, record: Record) -> None:
    """Note what does not go together with `of: acknowledgement`."""
    language = binding.language
    if language is not None and not hasattr(language.format, "acknowledged"):
        able = [name for name in formats.names() if hasattr(formats.load(name), "acknowledged")]
        problem = f"messages of the format {binding.format_name} are acknowledged on the line; files have one in {', '.join(able)}"
        binding.mistakes.add(record.entries["of"], problem)
    for key, why in _NOT.items():
        if key in record.entries:
            problem = f"'{key}' and 'of: acknowledgement' do not go together: {why}"
            binding.mistakes.add(record.keys[key], problem)
    if "channel" in record.entries:
        problem = "an acknowledgement goes to the partner, not to a channel"
        binding.mistakes.add(record.keys["channel"], problem)


def whole(
    binding: Binding, split: str, routes: tuple[Route, ...]
) -> tuple[Expression, ...] | None:
    """
    The duplicate key of an interchange that is acknowledged. Without `split` it is the channel's own, which therefore has
    to be the format's; with it each part may have another one.
    """
    if binding.language is None or not any(route.acknowledges for route in routes):
        return None
    node = _unique(binding)
    if not split:
        if node is not None:
            paths = ", ".join(binding.language.format.unique)
            problem = (
                f"an acknowledged interchange is known by its own key ({paths}), so that one that was sent twice is told;"
                " with 'split' its parts may have another one"
            )
            binding.mistakes.add(node, problem)
        return None
    place = binding.record.place
    nodes = [
        Scalar(text=text, style="plain", place=place) for text in binding.language.format.unique
    ]
    found = [binding.differing(each, binding.language) for each in nodes]
    return tuple(each for each in found if each is not None) or None


def _unique(binding: Binding) -> Node | None:
    accept = binding.get("accept")
    items = getattr(accept, "items", None) or (accept,)
    found = [
        each.entries["unique"]
        for each in items
        if isinstance(each, Record) and "unique" in each.entries
    ]
    return found[0] if found else None


def expected(
    binding: Binding,
    record: Record,
    link: Link | None,
    made: tuple[Made, ...],
    render: Mapping | None,
) -> ExpectAck | None:
    """What a destination says under `expect_ack`; None where it says nothing, or mistakes were noted."""
    said = binding.group(record.entries.get("expect_ack"), EXPECT_ACK, _WRITE)
    if said is None:
        return None
    if link is not None and link.kind == "channel":
        problem = "what is handed over to a channel is never delivered; nobody acknowledges it"
        binding.mistakes.add(said, problem)
    of = record.entries.get("of")
    kind, _ = kind_of(made, render, of.text if isinstance(of, Scalar) else "")
    able = kind in formats.names() and hasattr(formats.load(kind), "sent")
    if made and not able:
        known = [name for name in formats.names() if hasattr(formats.load(name), "sent")]
        problem = f"who gets {' or '.join(known)} acknowledges it; that is not what this destination gets"
        binding.mistakes.add(said, problem)
    needed, entries, value = binding.needed, said.entries, binding.value
    sound = [
        needed(said, EXPECT_ACK, "from", "the channel on which it comes", "from: medline_in"),
        needed(
            said, EXPECT_ACK, "within", "how long after the delivery it may take", "within: 4h"
        ),
    ]
    from_ = value(entries.get("from"), str, "from", "")
    within = value(entries.get("within"), Duration, "within", Duration(0))
    if not all(sound) or not able:
        return None
    return ExpectAck(from_=from_, format=formats.load(kind), within=float(within))
