"""
A Bundle that was just assembled, as JSON: each resource is written once, and that text serves three times.

It says whether the resource was found right before (most of what a hospital sends it has sent before: its doctors, beds and payers),
what it points at, and it is what stands in the payload.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from engine.fhir import entries, names, shape, together
from engine.fhir.bundles import Assembled
from engine.fhir.lifting import POINTING
from engine.fhir.recent import LONGEST, Recent

_ENCODER = msgspec.json.Encoder(decimal_format="number")
#: Types of Bundles whose entries say nothing but what they hold (FHIR R4, 2.36: bdl-2 to bdl-4).
_PLAIN = frozenset({"message", "collection"})
#: What a Bundle has besides that is asked together with its entries.
_COUNTED = frozenset({"total", "entry"})
#: No text of FHIR may be as long, in bytes at least (R4, 2.24.0.1).
_LONG = 1024 * 1024
#: Texts of resources that keep to the standard.
_RIGHT = Recent[bool](400)


def sealed(made: Assembled) -> bytes | None:
    """
    The JSON of a Bundle of resources that is right for certain; None where `checking` must say.

    >>> sealed(Assembled({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Patient"}}]}))
    b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient"}}]}'
    """
    is_plain = made.head.get("type") in _PLAIN and made.head.keys().isdisjoint(_COUNTED)
    if is_plain and made.pointers >= 0:
        payload = _plainly(made)
        if payload is not None:
            return payload
    bundle = made.resource
    every = bundle.get("entry")
    if not every:
        return None
    resources = [each["resource"] for each in every]
    texts = [text for _, _, text in made.every if text is not None]
    if len(texts) < len(every):
        try:
            texts = list(map(_ENCODER.encode, resources))
        except (TypeError, NotImplementedError):
            return None
    if not _are_right(resources, texts, made.assured) or not _is_right(bundle, every, texts):
        return None
    written = [
        {**each, "resource": msgspec.Raw(text)} for each, text in zip(every, texts, strict=True)
    ]
    return _ENCODER.encode({**bundle, "entry": written})


def _plainly(made: Assembled) -> bytes | None:
    """
    The same where each entry is a resource and its address, made of its id: what an entry says is right, so none is asked. They differ,
    and as many References stand in the resources as were made to them, so that none leads nowhere.
    """
    head, every, pointers, assured = made
    texts = [text for _, _, text in every if text is not None]
    urls = [url.encode() for _, url, _ in every]
    if len(texts) < len(every) or len(set(urls)) < len(every):
        return None
    first, url, _ = every[0]
    if head["type"] == "message" and first["resourceType"] != "MessageHeader":
        return None
    if b"".join(texts).count(POINTING) != pointers:
        return None
    if not _are_right([resource for resource, _, _ in every], texts, assured):
        return None
    begin = _ENCODER.encode(head)
    if not (assured and _is_head(head, begin)):
        bare = {**head, "entry": [{"fullUrl": url, "resource": True}]}
        if not shape.is_bare_bundle(bare):
            return None
    entries = [
        b'{"fullUrl":"%b","resource":%b}' % each for each in zip(urls, texts, strict=True)
    ]
    return b'%b,"entry":[%b]}' % (begin[:-1], b",".join(entries))


def _is_head(head: dict[str, Any], text: bytes) -> bool:
    """Whether a Bundle without its entries is right, where its values are; what stands in it for a Reference was not lifted out."""
    together = names.of("Bundle")[(*head, "entry")]
    return together and text.count(b'"resourceType"') == 1 and _is_plain(text)


def _are_right(
    resources: Sequence[dict[str, Any]], texts: Sequence[bytes], assured: bool
) -> bool:
    """
    Whether resources are, of which these are the texts; each text is looked at once. `assured`: their values are, so that few are left
    of which that is not certain of the whole.
    """
    left = _unsure(resources, texts) if assured else range(len(texts))
    if not left:
        return True
    fresh = [at for at in left if len(texts[at]) > LONGEST or _RIGHT[texts[at]] is None]
    if not together.surely([resources[at] for at in fresh]):
        return False
    for at in fresh:
        _RIGHT.keep(texts[at], True)
    return True


def _unsure(resources: Sequence[dict[str, Any]], texts: Sequence[bytes]) -> Sequence[int]:
    """
    Which of the resources whose values are right may be wrong all the same: by the names of their elements, or by what no text of FHIR
    may hold (R4, 2.24.0.1: string).
    """
    is_plain = _is_plain(b"".join(texts))
    return [
        at
        for at, each in enumerate(resources)
        if not _stands_together(each) or not (is_plain or _is_plain(texts[at]))
    ]


def _stands_together(resource: dict[str, Any]) -> bool:
    type_ = resource["resourceType"]
    if not names.of(type_)[tuple(resource)]:
        return False
    inner = names.inside(type_)
    return not inner or all(
        known[tuple(resource[name])] for name, known in inner if name in resource
    )


def _is_plain(text: bytes) -> bool:
    """Whether a text of JSON holds no control characters, no blanks but the usual ones, and nothing that is too long."""
    if b"\\u" in text or len(text) >= _LONG:
        return False
    return text.isascii() or text.decode().isprintable()


def _is_right(
    bundle: dict[str, Any], every: list[dict[str, Any]], texts: Sequence[bytes]
) -> bool:
    """Whether the Bundle is, its resources apart. Where all entries are of one form, the first stands for them."""
    is_plain = entries.plainly_right(bundle, texts)
    bare = [{**each, "resource": True} for each in (every[:1] if is_plain else every)]
    if not shape.is_bare_bundle({**bundle, "entry": bare}):
        return False
    return is_plain or next(entries.findings(bundle), None) is None
