"""
A Bundle that was just assembled, as JSON: each resource is written once, and that text serves three times.

It says whether the resource was found right before (most of what a hospital sends it has sent before: its doctors, beds and payers),
what it points at, and it is what stands in the payload.
"""

from __future__ import annotations

from typing import Any

import msgspec

from engine.fhir import entries, shape, together

_ENCODER = msgspec.json.Encoder(decimal_format="number")
#: So many texts of right resources are remembered twice over, and none longer than this, in bytes.
_MOST, _LONGEST = 4000, 1000


class _Right:
    """Texts of resources that keep to the standard; those that were met lately outlast the others."""

    def __init__(self) -> None:
        self._new: set[bytes] = set()
        self._old: set[bytes] = set()

    def __contains__(self, text: bytes) -> bool:
        if len(text) > _LONGEST:
            return False
        if text in self._new:
            return True
        if text in self._old:
            self.add(text)
            return True
        return False

    def add(self, text: bytes) -> None:
        if len(text) > _LONGEST:
            return
        if len(self._new) >= _MOST:
            self._old, self._new = self._new, set()
        self._new.add(text)


_RIGHT = _Right()


def sealed(bundle: dict[str, Any]) -> bytes | None:
    """
    The JSON of a Bundle of resources that is right for certain; None where `checking` must say.

    >>> sealed({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Patient"}}]})
    b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient"}}]}'
    """
    every = bundle.get("entry")
    if not every:
        return None
    try:
        texts = [_ENCODER.encode(each["resource"]) for each in every]
    except (TypeError, NotImplementedError):
        return None
    fresh = [at for at, text in enumerate(texts) if text not in _RIGHT]
    if not together.surely([every[at]["resource"] for at in fresh]):
        return None
    for at in fresh:
        _RIGHT.add(texts[at])
    if not _is_right(bundle, every, texts):
        return None
    written = [
        {**each, "resource": msgspec.Raw(text)} for each, text in zip(every, texts, strict=True)
    ]
    return _ENCODER.encode({**bundle, "entry": written})


def _is_right(bundle: dict[str, Any], every: list[dict[str, Any]], texts: list[bytes]) -> bool:
    """Whether the Bundle is, its resources apart. Where all entries are of one form, the first stands for them."""
    is_plain = entries.plainly_right(bundle, texts)
    bare = [{**each, "resource": True} for each in (every[:1] if is_plain else every)]
    if not shape.is_bare_bundle({**bundle, "entry": bare}):
        return False
    return is_plain or next(entries.findings(bundle), None) is None
