"""
A Bundle that was just assembled, as JSON: each resource is written once, and that text serves three times.

It says whether the resource was found right before (most of what a hospital sends it has sent before: its doctors, beds and payers),
what it points at, and it is what stands in the payload.
"""

from __future__ import annotations

from typing import Any

import msgspec

from engine.fhir import entries, shape, together
from engine.fhir.recent import LONGEST, Recent

_ENCODER = msgspec.json.Encoder(decimal_format="number")
#: Texts of resources that keep to the standard.
_RIGHT = Recent[bool](4000)


def sealed(
    bundle: dict[str, Any], texts: list[bytes] | None = None, pointers: int = -1
) -> bytes | None:
    """
    The JSON of a Bundle of resources that is right for certain; None where `checking` must say. `texts` and `pointers` are those of
    `bundles.Assembled`.

    >>> sealed({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Patient"}}]})
    b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient"}}]}'
    """
    every = bundle.get("entry")
    if not every:
        return None
    if texts is None:
        try:
            texts = [_ENCODER.encode(each["resource"]) for each in every]
        except (TypeError, NotImplementedError):
            return None
    fresh = [at for at, text in enumerate(texts) if len(text) > LONGEST or _RIGHT[text] is None]
    if not together.surely([every[at]["resource"] for at in fresh]):
        return None
    for at in fresh:
        _RIGHT.keep(texts[at], True)
    is_plain = entries.plainly_right(bundle, texts, pointers)
    if not _is_right(bundle, every, is_plain):
        return None
    written = [
        {**each, "resource": msgspec.Raw(text)} for each, text in zip(every, texts, strict=True)
    ]
    return _ENCODER.encode({**bundle, "entry": written})


def _is_right(bundle: dict[str, Any], every: list[dict[str, Any]], is_plain: bool) -> bool:
    """Whether the Bundle is, its resources apart. Where all entries are of one form, the first stands for them."""
    bare = [{**each, "resource": True} for each in (every[:1] if is_plain else every)]
    if not shape.is_bare_bundle({**bundle, "entry": bare}):
        return False
    return is_plain or next(entries.findings(bundle), None) is None
