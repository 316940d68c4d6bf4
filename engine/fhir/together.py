"""
Many resources at once: whether all of them keep to the structure of FHIR R4 for certain.

Types that come together are compiled together. What they share, datatypes and the expressions of texts, is there once and stays in the
processor's cache: in the middle of other work that takes half the time of one shape for each type.
"""

from __future__ import annotations

from typing import Any

from jsonschema_rs import Draft202012Validator as Validator

from engine.fhir import definitions, shape, structure

#: So often other types are met before they are compiled with those that are met often.
_OFTEN = 50


def surely(resources: list[dict[str, Any]]) -> bool:
    """
    Whether many resources are right for certain, those that contain none in one go.

    >>> surely([{"resourceType": "Patient"}, {"resourceType": "Group"}])
    False
    """
    by_type: dict[str, list[dict[str, Any]]] = {}
    for each in resources:
        if "contained" in each or not shape.narrated(each):
            if not _alone(each):
                return False
        else:
            by_type.setdefault(each["resourceType"], []).append(each)
    return _TOGETHER.valid(by_type)


def _alone(resource: dict[str, Any]) -> bool:
    """Whether one resource is right, whatever it takes to know it."""
    return shape.surely(resource) or next(structure.resource(resource, ""), None) is None


class _Together:
    """
    The types that are met often, compiled as one: what they share is there once, so that it stays in the processor's cache.

    Compiled anew, in some 20 ms, when others were met so often that it is worth it.
    """

    def __init__(self) -> None:
        self._names: frozenset[str] = frozenset()
        self._others: set[str] = set()
        self._met = 0
        self._compiled: Validator | None = None

    def valid(self, by_type: dict[str, list[dict[str, Any]]]) -> bool:
        """Whether resources are right, by their types; Bundles and what contains others are for `surely`."""
        others = by_type.keys() - self._names
        if others:
            self._meet(others)
            for name in others:
                if not all(map(_alone, by_type.pop(name))):
                    return False
        if self._compiled is None or self._compiled.is_valid(by_type):
            return True
        return all(_alone(each) for every in by_type.values() for each in every)

    def _meet(self, others: set[str]) -> None:
        self._met += 1
        self._others |= {
            name for name in others if name != "Bundle" and definitions.is_resource(name)
        }
        if self._met >= _OFTEN and self._others:
            names, self._met, self._others = self._names | self._others, 0, set()
            self._compiled, self._names = shape.compile_(_of_all(names)), names


def _of_all(names: frozenset[str]) -> shape.Schema:
    """Lists of resources, by their types."""
    shapes: dict[str, shape.Schema] = {}
    for name in names:
        shapes |= shape.schema(name)["$defs"]
    lists = {name: {"type": "array", "items": {"$ref": f"#/$defs/{name}"}} for name in names}
    return {"properties": lists, "additionalProperties": False, "$defs": shapes}


_TOGETHER = _Together()
