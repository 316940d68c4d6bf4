"""`of: rejects` of destinations: the records of a file that were rejected, sent back as one file."""

from __future__ import annotations

import msgspec

from engine import formats
from engine.channel.absent import over_record
from engine.channel.binding import Binding
from engine.formats import Shape
from engine.grouping import Returned
from engine.mapping import Language
from engine.placed import Record, Scalar

#: What a destination says under `of`.
OF = "rejects"
#: Keys that say something of one record, or of what is made of it.
_NOT = {
    "when": "the file is sent where records were rejected, whatever they say",
    "render": "they are sent back as they came",
    "batch": "they are sent when the file is through",
    "after": "they wait for nothing",
    "order_by": "they are one file",
    "expect": "nobody confirms what is sent back",
    "expect_ack": "nobody acknowledges what is sent back",
}


def wanted(record: Record) -> bool:
    """Whether a destination gets rejected records."""
    node = record.entries.get("of")
    return isinstance(node, Scalar) and node.text == OF


def check(binding: Binding, record: Record) -> None:
    """Note what does not go together with `of: rejects`."""
    language, split = binding.language, binding.get("split")
    if language is not None and not hasattr(language.format, "rejects"):
        able = [name for name in formats.names() if hasattr(formats.load(name), "rejects")]
        problem = f"the format {binding.format_name} has no records that could be sent back; {' and '.join(able)} have"
        binding.mistakes.add(record.entries["of"], problem)
    elif language is not None and (not isinstance(split, Scalar) or split.text != "record"):
        problem = "records are rejected one by one where the channel splits its files into them"
        binding.mistakes.add(record.entries["of"], problem, "split: record")
    for key, why in _NOT.items():
        if key in record.entries:
            problem = f"'{key}' and 'of: rejects' do not go together: {why}"
            binding.mistakes.add(record.keys[key], problem)
    if "channel" in record.entries:
        problem = "rejected records are sent back, not handed over to a channel"
        binding.mistakes.add(record.keys["channel"], problem)


def language_of_rejects(language: Language | None) -> Language | None:
    """What names of the file may read: how many there are, and `meta.`; the records are not at hand."""
    if language is None:
        return None
    shape = Shape(format="canonical", kind="record", name="rejects", type=Returned)
    there = over_record(language, shape, "only 'count' and what stands behind 'meta.'")
    return msgspec.structs.replace(there, inner=(shape,))
