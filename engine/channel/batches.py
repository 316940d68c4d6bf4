"""`batch:` of a destination: payloads that wait and go out as one."""

from __future__ import annotations

import msgspec

from engine.channel import Batch
from engine.channel.absent import over_record
from engine.channel.binding import Binding
from engine.channel.grammar import BATCH, CLOSE
from engine.channel.releases import release
from engine.formats import Shape
from engine.grouping import batched
from engine.mapping import Expression, Language
from engine.placed import Node, Record, Scalar

_WRITE = 'batch: {close: {at: "23:30", most: 5000}}'
#: What says something of one message, where a destination sends many as one.
_OF_ONE = {
    "order_by": "batches leave one after the other, as they are closed",
    "concurrency": "batches leave one after the other, as they are closed",
    "after": "a batch holds what was made of many messages",
    "expect": "a batch holds what was made of many messages",
}


def batch(
    binding: Binding, record: Record, kind: str, language: Language | None
) -> Batch | None:
    """What a destination says under `batch`, over the language of batches."""
    node = record.entries.get("batch")
    said = binding.group(node, BATCH, _WRITE)
    if said is None:
        return None
    _check_beside(binding, record, kind)
    entries = said.entries
    if not binding.needed(
        said, BATCH, "close", "when the batch is closed and sent", 'close: {at: "23:30"}'
    ):
        return None
    close = binding.group(entries["close"], CLOSE, 'close: {at: "23:30"}')
    when = release(binding, close, CLOSE, None) if close is not None else None
    head = _text(binding, entries.get("head"), language)
    foot = _text(binding, entries.get("foot"), language)
    between = _between(binding, entries.get("between"))
    if when is None:
        return None
    return Batch(close=when, head=head, foot=foot, between=between)


def language_of_batch(language: Language | None, entity: Shape | None) -> Language | None:
    """What head, foot and the names of a batch may read: the batch; the messages in it are not at hand."""
    if language is None:
        return None
    kind = batched(entity.type if entity is not None else None)
    shape = Shape(format="canonical", kind="record", name="batch", type=kind)
    there = over_record(language, shape, f"only the batch: {', '.join(kind.__struct_fields__)}")
    return msgspec.structs.replace(there, inner=(shape,))


def _check_beside(binding: Binding, record: Record, kind: str) -> None:
    """Keys of the destination that mean nothing where many messages go out as one."""
    for key, why in _OF_ONE.items():
        if key in record.entries:
            problem = f"'{key}' and 'batch' do not go together: {why}"
            binding.mistakes.add(record.keys[key], problem)
    if kind == "channel":
        problem = "a batch cannot be handed over to a channel, which takes messages one by one"
        binding.mistakes.add(record.keys["batch"], problem)


def _text(binding: Binding, node: Node | None, language: Language | None) -> Expression | None:
    """Head or foot."""
    if isinstance(node, Scalar) and node.style == "plain" and "{" in node.text:
        key = node.place.path.rpartition(".")[2]
        text = node.text.replace('"', "'")
        binding.mistakes.add(node, "a text with holes stands in quotes", f'{key}: "{text}"')
        return None
    return binding.expression(node, language)


def _between(binding: Binding, node: Node | None) -> bytes:
    said: str = (
        "" if node is None or _nothing(node) else binding.value(node, str, "between", "")
    )
    if isinstance(node, Scalar) and node.style != "quoted" and "\\" in said:
        problem = f"without quotes '{said}' is a backslash and what follows it; a line end stands in double quotes"
        binding.mistakes.add(node, problem, f'between: "{said}"')
    return said.encode()


def _nothing(node: Node) -> bool:
    return isinstance(node, Scalar) and not node.text


def closed_by(node: Node | None) -> bool:
    """Whether a destination is written with a batch."""
    return isinstance(node, Record) and "batch" in node.entries
