"""
A simulated patient index: a query for patients (QBP^Q22, HL7 v2.5.1 ch. 5, as IHE's PDQ asks) over MLLP gets its answer (RSP^K22).

It knows three patients, all made up. What a query names of number, family and given name, birth and sex must fit.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from engine.simulate.fault import Fault
from engine.simulate.mllp import MllpPartner
from engine.simulate.partner import Received
from engine.wire import mllp


class Person(msgspec.Struct, frozen=True):
    """Somebody that the index knows."""

    number: str
    family: str
    given: str
    birth: str
    sex: str

    def fits(self, field: str, value: str) -> bool:
        """Whether what a query says of one field is so; what the index does not search by fits nobody."""
        known = {
            "@PID.3.1": self.number, "@PID.3": self.number, "@PID.5.1": self.family, "@PID.5.1.1": self.family,
            "@PID.5.2": self.given, "@PID.7": self.birth, "@PID.7.1": self.birth, "@PID.8": self.sex,
        }  # fmt: skip
        return known.get(field, "").casefold() == value.casefold()

    def segment(self, at: int) -> str:
        """Its PID."""
        name = f"{self.family}^{self.given}"
        return f"PID|{at}||{self.number}^^^GENHOSP^MR||{name}||{self.birth}|{self.sex}"


PEOPLE = (
    Person("1000123", "Testcase", "Anna", "19800102", "F"),
    Person("1000777", "Testcase", "Berta", "19751111", "F"),
    Person("1000888", "Sample", "Carl", "19640229", "M"),
)


class IndexPartner(MllpPartner):
    """Answers queries; any other message is acknowledged."""

    kind = "index"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.counts: Counter[str] = Counter()
        """How many queries it took, and how many patients it named."""

    def stats(self) -> dict[str, Any]:
        """For the control endpoint."""
        return {**super().stats(), "took": dict(self.counts)}

    def respond(self, body: bytes) -> bytes | None:
        """See MllpPartner.respond."""
        lines = body.decode("utf-8", "replace").split("\r")
        head = [*lines[0].split("|"), *[""] * 12]
        if not head[8].startswith("QBP") or self.fault.status:
            return super().respond(body)
        self.take(Received(key=head[9], body=body))
        if self.fault is Fault.DROPS:
            return None
        query = next((one for one in lines if one.startswith("QPD|")), "QPD|||")
        return mllp.START + self._answer(head, query).encode() + mllp.END

    def _answer(self, head: list[str], query: str) -> str:
        fields = [*query.split("|"), *[""] * 4]
        asked = [one.partition("^") for one in fields[3].split("~") if one]
        found = [
            one for one in PEOPLE if asked and all(one.fits(f, value) for f, _, value in asked)
        ]
        self.counts.update(queries=1, patients=len(found))
        said = [
            f"MSH|^~\\&|{head[4]}|{head[5]}|{head[2]}|{head[3]}|{head[6]}||RSP^K22^RSP_K21|{head[9]}R|P|{head[11] or '2.5.1'}",
            f"MSA|AA|{head[9]}",
            f"QAK|{fields[2]}|{'OK' if found else 'NF'}|{fields[1]}|{len(found)}",
            query,
            *(one.segment(at) for at, one in enumerate(found, 1)),
        ]
        return "\r".join(said) + "\r"


def index_partner(
    name: str = "index", port: int = 0, fault: str = Fault.NONE, **options: Any
) -> IndexPartner:
    """A patient index over MLLP, started by `async with`; port 0 = any free one. Options are Partner's."""
    return IndexPartner(name, port, fault, **options)
