"""Patches of a simulated FHIR server (R4 3.1.0.8): JSON Patch (RFC 6902), and of FHIRPath Patch what changes an element of the resource itself."""

from __future__ import annotations

import copy
from typing import Any

import msgspec

from engine.simulate.fhir_resources import Resource, Trouble

_JSON_PATCH = "application/json-patch+json"


def patched(resource: Resource, content: bytes, kind: str) -> Resource:
    """The resource as the patch makes it. Trouble 415 for a patch of another kind, 422 where it does not fit."""
    name = kind.partition(";")[0].strip()
    made = copy.deepcopy(resource)
    try:
        found = msgspec.json.decode(content)
        if name == _JSON_PATCH:
            for step in found:
                _step(made, step["op"], step["path"], step.get("value"))
        elif isinstance(found, dict) and found.get("resourceType") == "Parameters":
            for each in found.get("parameter", []):
                _operation(made, {part["name"]: part for part in each["part"]})
        else:
            raise Trouble(415)
    except (msgspec.DecodeError, KeyError, IndexError, TypeError, ValueError):
        raise Trouble(422, resource["resourceType"]) from None
    return made


def _step(resource: Resource, op: str, path: str, value: Any) -> None:
    *steps, last = [each.replace("~1", "/").replace("~0", "~") for each in path.split("/")[1:]]
    node: Any = resource
    for each in steps:
        node = node[int(each)] if isinstance(node, list) else node[each]
    if op == "test":
        if (node[int(last)] if isinstance(node, list) else node.get(last)) != value:
            raise ValueError(path)
    elif op == "remove":
        del node[int(last) if isinstance(node, list) else last]
    elif op not in ("add", "replace"):
        raise ValueError(op)
    elif isinstance(node, list) and op == "add":
        node.insert(len(node) if last == "-" else int(last), value)
    else:
        node[int(last) if isinstance(node, list) else last] = value


def _operation(resource: Resource, parts: dict[str, Any]) -> None:
    kind, path = parts["type"]["valueCode"], parts["path"]["valueString"]
    _, _, name = path.partition(".")
    value = next((one for key, one in parts.get("value", {}).items() if key != "name"), None)
    if kind == "delete":
        resource.pop(name, None)
    elif kind == "replace":
        resource[name] = value
    elif kind == "add":
        resource[parts["name"]["valueString"]] = value
    else:
        raise ValueError(kind)
