"""What the sender of a document is told: XML prescribes nothing, so a small document with the id under which it is found."""

from __future__ import annotations

from engine.formats import Reading
from engine.markup.characters import attribute
from engine.message import Receipt, Verdict, short_id


def acknowledge(raw: bytes, receipt: Receipt, reading: Reading, now: float) -> bytes:
    """
    The id and the verdict, and for a message that cannot be processed the reason.

    >>> acknowledge(b"", Receipt(id=236_691, verdict=Verdict.ACCEPTED), Reading(), 0)
    b'<receipt id="774K-6" verdict="accepted"/>'
    """
    said = {"id": short_id(receipt.id), "verdict": str(receipt.verdict)}
    if receipt.reason:
        said["reason"] = receipt.reason
    if receipt.detail and receipt.verdict is Verdict.QUARANTINED:
        said["detail"] = receipt.detail
    return _receipt(said)


def refuse(raw: bytes, reading: Reading, now: float, why: str) -> bytes:
    """
    Nothing was kept; the sender tries again.

    >>> refuse(b"", Reading(), 0, "the queue is full")
    b'<receipt verdict="not_kept" reason="the queue is full"/>'
    """
    return _receipt({"verdict": "not_kept", "reason": why})


def _receipt(said: dict[str, str]) -> bytes:
    attributes = " ".join(f'{name}="{attribute(text)}"' for name, text in said.items())
    return f"<receipt {attributes}/>".encode("ascii", "xmlcharrefreplace")
