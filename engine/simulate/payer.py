"""
A simulated payer. It reads the claims (837) that it gets and answers from their own amounts: what it took (999), which
claims it let in (277CA), and what it pays (835). Of every four claims the second is denied and the third is not let in. A
service is paid at 80 %, the patient owes 10 %, the rest is taken off by contract.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from engine.edi.document import Document
from engine.formats.x12 import acknowledge
from engine.message import Receipt, Verdict
from engine.reading import Reading
from engine.simulate.interchange import Answer, Numbers, Set, read, sealed, sets, written

#: Folders that it leaves its files in.
ANSWERS, PAYMENTS = "answers", "payments"
#: Which of so many claims is denied, and which is not let in.
ROUND, DENIED, TURNED_AWAY = 4, 2, 3
_PAID, _OWED = Decimal("0.80"), Decimal("0.10")
_CENT = Decimal("0.01")
#: Dates of a claim that say when it was done: the statement's, the service's.
_DAYS = ("434", "472")


class Service(msgspec.Struct, kw_only=True):
    """A service line of a claim."""

    procedure: str
    """As the claim has it, components between `:`."""
    charged: Decimal
    units: str
    line: str = ""
    """The provider's number of it (REF 6R)."""
    day: str = ""

    @property
    def owed(self) -> Decimal:
        """What the patient pays."""
        return (self.charged * _OWED).quantize(_CENT, ROUND_HALF_UP)

    @property
    def paid(self) -> Decimal:
        """What the payer pays."""
        return (self.charged * _PAID).quantize(_CENT, ROUND_HALF_UP)


class Claim(msgspec.Struct, kw_only=True):
    """A claim as the payer understands it."""

    number: str
    charged: Decimal
    batch: str
    """What the provider calls the transmission (BHT03)."""
    patient: list[str]
    """Family and given name, and the member's number."""
    provider: list[str]
    """Name and number of who is paid."""
    submitter: list[str]
    payer: list[str]
    theirs: str
    """The payer's own number."""
    fate: str
    """`paid`, `denied` or `turned_away`."""
    services: list[Service] = []
    day: str = ""
    """The first day that it is for, where it says so for all its services."""

    @property
    def began_on(self) -> str:
        """The first day that it is for."""
        return self.day or min((one.day for one in self.services if one.day), default="")


class Payer:
    """Answers files with files. Does not wait and touches no disk; times are wall clock seconds."""

    folders: tuple[str, ...] = (ANSWERS, PAYMENTS)

    def __init__(self, numbers: Numbers | None = None) -> None:
        self._numbers = numbers or Numbers()
        self._claims = 0
        self.counts: Counter[str] = Counter()
        """What it got and did: `837`, `997`, and how many claims were `paid`, `denied` and `turned_away`."""

    def answers(self, raw: bytes, now: float) -> Iterator[Answer]:
        """What it leaves for a file; nothing for acknowledgements, and for what is no interchange."""
        document = read(raw)
        if document is None:
            return
        found = list(sets(document))
        self.counts.update(one.kind for one in found)
        files = [self._taken(one) for one in found if one.kind == "837"]
        claims = [claim for file in files for claim in file]
        if not claims:
            return
        receipt = Receipt(id=self._numbers.take(), verdict=Verdict.ACCEPTED)
        said = acknowledge(raw, receipt, Reading(), now)
        yield Answer(after=0, kind="999", folder=ANSWERS, content=said, sets=len(files))
        number = self._numbers.take()
        bodies = [_let_in(file, f"{number}{at:03}", now) for at, file in enumerate(files, 1)]
        said = sealed(document, bodies, "005010X214", number, now)
        yield Answer(after=1, kind="277", folder=ANSWERS, content=said, sets=len(bodies))
        decided = [claim for claim in claims if claim.fate != "turned_away"]
        if decided:
            yield self._payment(document, decided, now)

    def _payment(self, towards: Document, claims: list[Claim], now: float) -> Answer:
        number = self._numbers.take()
        body = _payment(claims, f"EFT{number:09}", now)
        said = sealed(towards, [body], "005010X221A1", number, now)
        return Answer(after=2, kind="835", folder=PAYMENTS, content=said)

    def _taken(self, found: Set) -> list[Claim]:
        """The claims of a set, each with the names of the levels that it stands in."""
        reader = _Reader()
        for segment in found.segments:
            reader.take(written(segment))
        for claim in reader.claims:
            self._claims += 1
            turn = self._claims % ROUND
            claim.fate = {DENIED: "denied", TURNED_AWAY: "turned_away"}.get(turn, "paid")
            claim.theirs = f"PCN{self._claims:06}"
            self.counts[claim.fate] += 1
        return reader.claims


class _Reader:
    """Goes through the segments of an 837 (005010X222A1, X223A2, X224A2) and keeps what a payer needs of them."""

    def __init__(self) -> None:
        self.claims: list[Claim] = []
        self._batch = ""
        self._names: dict[str, list[str]] = {}

    def take(self, line: list[str]) -> None:
        """One segment, its elements with its name first."""
        name, claim = line[0], self.claims[-1] if self.claims else None
        service = claim.services[-1] if claim is not None and claim.services else None
        if name == "BHT":
            self._batch = line[3]
        elif name == "NM1":
            padded = [*line, *[""] * 10]
            self._names[line[1]] = [padded[3], padded[4], padded[9]]
        elif name == "CLM":
            self.claims.append(self._claim(line))
        elif claim is not None and name in ("SV1", "SV2", "SV3"):
            claim.services.append(_service(line))
        elif service is not None and line[:2] == ["DTP", "472"]:
            service.day = line[3][:8]
        elif claim is not None and name == "DTP" and line[1] in _DAYS:
            claim.day = line[3][:8]
        elif service is not None and line[:2] == ["REF", "6R"]:
            service.line = line[2]
        elif name == "HL" and line[3] == "22":
            self._names.pop("QC", None)

    def _claim(self, line: list[str]) -> Claim:
        names = {key: self._names.get(key, ["", "", ""]) for key in ("IL", "85", "41", "PR")}
        patient, member = self._names.get("QC") or names["IL"], names["IL"][2]
        return Claim(
            number=line[1], charged=Decimal(line[2]), batch=self._batch,
            patient=[patient[0], patient[1], member],
            provider=names["85"], submitter=names["41"], payer=names["PR"], theirs="", fate="",
        )  # fmt: skip


def _service(line: list[str]) -> Service:
    """SV1 of a professional claim, SV2 (revenue code first) of an institutional one, SV3 of a dental one."""
    rest = line[1:]
    if line[0] == "SV2":
        procedure = rest[1] or f"NU:{rest[0]}"
        return Service(procedure=procedure, charged=Decimal(rest[2]), units=rest[4])
    units = rest[3] if line[0] == "SV1" else [*rest, *[""] * 6][5]
    return Service(procedure=rest[0], charged=Decimal(rest[1]), units=units)


def _let_in(claims: list[Claim], reference: str, now: float) -> list[str]:
    """The 277CA (005010X214) of one set: the file, then each claim with its verdict."""
    moment = datetime.fromtimestamp(now, UTC)
    day = f"{moment:%Y%m%d}"
    first = claims[0]
    sound = [claim for claim in claims if claim.fate != "turned_away"]
    total, good = (sum(claim.charged for claim in some) for some in (claims, sound))
    said = ["277*005010X214", f"BHT*0085*08*{reference}*{day}*{moment:%H%M}*TH"]
    said += ["HL*1**20*1", f"NM1*PR*2*{first.payer[0]}*****PI*{first.payer[2]}"]
    said += [f"TRN*1*{reference}", f"DTP*050*D8*{day}", f"DTP*009*D8*{day}"]
    said += ["HL*2*1*21*1", f"NM1*41*2*{first.submitter[0]}*****46*{first.submitter[2]}"]
    said += [f"TRN*2*{first.batch}", f"STC*A1:19:PR*{day}*WQ*{total}"]
    said += [f"QTY*90*{len(sound)}"] if sound else []
    said += [f"QTY*AA*{len(claims) - len(sound)}"] if len(sound) < len(claims) else []
    said += [f"AMT*YU*{good}"] if sound else []
    said += [f"AMT*YY*{total - good}"] if len(sound) < len(claims) else []
    said += ["HL*3*2*19*1", f"NM1*85*2*{first.provider[0]}*****XX*{first.provider[2]}"]
    for at, claim in enumerate(claims, 4):
        family, given, member = claim.patient
        said += [f"HL*{at}*3*PT", f"NM1*QC*1*{family}*{given}****MI*{member}"]
        said.append(f"TRN*2*{claim.number}")
        if claim.fate == "turned_away":
            said.append(f"STC*A7:562:82*{day}*U*{claim.charged}")
        else:
            said += [f"STC*A2:20:PR*{day}*WQ*{claim.charged}", f"REF*1K*{claim.theirs}"]
        said += [f"DTP*472*D8*{claim.began_on}"] if claim.began_on else []
    return said


def _payment(claims: list[Claim], trace: str, now: float) -> list[str]:
    """The 835 (005010X221A1): what is paid for each service, and why the rest is not."""
    day = f"{datetime.fromtimestamp(now, UTC):%Y%m%d}"
    paid = sum(
        (one.paid for claim in claims if claim.fate == "paid" for one in claim.services),
        Decimal(),
    )
    first = claims[0]
    said = ["835", _transfer(paid, day), f"TRN*1*{trace}*1350000001", f"DTM*405*{day}"]
    said += [f"N1*PR*{first.payer[0]}*XV*{first.payer[2]}", "N3*1 Payer Plaza"]
    said += ["N4*Chicago*IL*60601", "PER*BL*EDI*TE*3125550100"]
    said += [f"N1*PE*{first.provider[0]}*XX*{first.provider[2]}", "LX*1"]
    for claim in claims:
        said += _decided(claim)
    return said


def _transfer(paid: Decimal, day: str) -> str:
    """BPR: a transfer, or the mere notice (H, NON) of a payment of nothing."""
    if not paid:
        return f"BPR*H*0*C*NON************{day}"
    ends = "01*071000013*DA*100200*1350000001**01*071000288*DA*300400"
    return f"BPR*I*{paid}*C*ACH*CCP*{ends}*{day}"


def _decided(claim: Claim) -> list[str]:
    """CLP and its services, whose adjustments say the difference between charged and paid to the cent."""
    is_paid = claim.fate == "paid"
    paid, owed = (
        sum((each for each in amounts), Decimal()) if is_paid else Decimal(0)
        for amounts in (
            [one.paid for one in claim.services],
            [one.owed for one in claim.services],
        )
    )
    status = "1" if is_paid else "4"
    family, given, member = claim.patient
    said = [f"CLP*{claim.number}*{status}*{claim.charged}*{paid}*{owed}*12*{claim.theirs}*22*1"]
    said.append(f"NM1*QC*1*{family}*{given}****MI*{member}")
    for one in claim.services:
        said.append(
            f"SVC*{one.procedure}*{one.charged}*{one.paid if is_paid else 0}**{one.units}"
        )
        said += [f"DTM*472*{one.day or claim.began_on}"] if one.day or claim.began_on else []
        if is_paid:
            off = one.charged - one.paid - one.owed
            said += [f"CAS*CO*45*{off}"] if off else []
            said += [f"CAS*PR*2*{one.owed}"] if one.owed else []
        else:
            said.append(f"CAS*CO*29*{one.charged}")
        said += [f"REF*6R*{one.line}"] if one.line else []
    return said
