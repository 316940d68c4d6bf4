"""`reply:` of a destination: how a partner's answer is judged."""

from __future__ import annotations

import msgspec

from engine import formats
from engine.channel import Replies
from engine.channel.binding import Binding, format_named, language_of
from engine.channel.grammar import REPLY, check_keys
from engine.formats import Format
from engine.hints import meant, nearest
from engine.mapping import Language
from engine.placed import Node, Record

#: The format of an answer where the channel does not say: what such partners answer in.
ANSWERS = {"mllp": "hl7v2", "http": "json", "fhir": "fhir"}


def replies(binding: Binding, node: Node | None, kind: str) -> Replies | None:
    """The rules over answers of a connector's partner; None where there are none."""
    if node is None:
        return None
    if not isinstance(node, Record):
        binding.mistakes.add(
            node, "the rules over the answer stand here", "reply: {accepted: status == 201}"
        )
        return None
    check_keys(node, REPLY, binding.mistakes)
    said = node.entries.get("format")
    name = binding.value(said, str, "format", ANSWERS.get(kind, ""))
    format = named_format(binding, said, name) if name else None
    language = _language(binding, name, format)
    return Replies(
        format=format,
        accepted=binding.condition(node.entries.get("accepted"), language),
        retry=binding.condition(node.entries.get("retry"), language),
        keep=binding.named(node.entries.get("keep"), language),
        to=binding.value(node.entries.get("to"), str, "to", ""),
    )


def named_format(binding: Binding, node: Node | None, name: str) -> Format | None:
    """The format of that name; a mistake where there is none."""
    found = format_named(name)
    if found is None and node is not None:
        near = nearest(name, formats.names())
        problem = f"there is no format '{name}'{meant(name, formats.names())}"
        binding.mistakes.add(node, problem, f"format: {near}" if near else "")
    return found


def _language(binding: Binding, name: str, format: Format | None) -> Language | None:
    """What an answer's rules may read: the answer's body, `status` and `header("...")`; not the message."""
    if format is None and name:
        return None
    if format is not None:
        spaces = binding.layout if name == binding.format_name == "xml" else None
        language = language_of(
            name, format, binding.mistakes, binding.tables, binding.zone, spaces
        )
        return msgspec.structs.replace(language, reply=True)
    if binding.language is None:
        return None
    return msgspec.structs.replace(binding.language, reply=True, lets={})
