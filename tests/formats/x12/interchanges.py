"""Synthetic interchanges, and paths as the expression language compiles them."""

from __future__ import annotations

import re
from typing import Any

from engine.formats import Reading, Scope, Shape, x12
from engine.message import Context, Facts, Inbound

READING = Reading()
MESSAGE = Shape(format="x12")
_EQUAL = re.compile(r'\s*(\.\d\d(?:-\d)?)\s*==\s*"([^"]*)"\s*')


def isa(
    version: str = "00501",
    control: str = "000000017",
    bar: str = "*",
    component: str = ":",
    end: str = "~",
    asked: str = "0",
) -> str:
    repetition = "^" if version == "00501" else "U"
    head = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", "HOSPITAL".ljust(15), "ZZ"]
    head += ["SUPPLIER".ljust(15), "260105", "0930", repetition, version, control, asked, "P"]
    return bar.join([*head, component]) + end


def interchange(
    *segments: str, group: str = "PO", version: str = "005010", control: str = "000000017"
) -> bytes:
    """One interchange with one set: its segments from ST on, without SE."""
    envelope = "00501" if version >= "005" else "00401"
    text = isa(envelope, control)
    text += f"GS*{group}*HOSPITAL*SUPPLIER*20260105*0930*17*X*{version}~"
    text += "".join(f"{segment}~" for segment in segments)
    return (text + f"SE*{len(segments) + 1}*0001~GE*1*17~IEA*1*{control}~").encode()


ORDER = interchange(
    "ST*850*0001",
    "BEG*00*SA*PO4711**20260105",
    "CUR*BY*USD",
    "REF*CO*C-77",
    "REF*DP*OR3",
    "DTM*002*20260112",
    "N1*ST*Main Campus*92*100",
    "N3*1 Hill Road",
    "N4*Dallas*TX*75201",
    "N1*BT*Accounts",
    "PO1*1*10*EA*2.5**VN*V-1*UP*0001",
    "PID*F****Gloves, sterile",
    "DTM*018*20260110",
    "PO1*2*4*BX*19.95**VN*V-2",
    "PID*F****Suture 3-0",
    "N1*SF*Warehouse East",
    "CTT*2",
)

CLAIM = interchange(
    "ST*837*0001*005010X222A1",
    "BHT*0019*00*1*20260105*0930*CH",
    "NM1*41*2*SENDER*****46*S1",
    "PER*IC*DESK*TE*5550100",
    "NM1*40*2*PAYER*****46*P1",
    "HL*1**20*1",
    "NM1*85*2*CLINIC*****XX*1999999984",
    "N3*1 HILL ROAD",
    "N4*DALLAS*TX*75201",
    "REF*EI*123456789",
    "HL*2*1*22*0",
    "SBR*P*18*******CI",
    "NM1*IL*1*DOE*ANN****MI*M1",
    "NM1*PR*2*PAYER ONE*****PI*P1",
    "CLM*C-1*120***11:B:1*Y*A*Y*Y",
    "REF*G1*AUTH1",
    "HI*ABK:J459*ABF:E119",
    "NM1*82*1*HOUSE*GREG****XX*1234567893",
    "LX*1",
    "SV1*HC:99213:25*80*UN*1***1:2",
    "DTP*472*D8*20260102",
    "LX*2",
    "SV1*HC:90471*40*UN*1***1",
    "DTP*472*D8*20260103",
    "HL*3*1*22*1",
    "SBR*P********CI",
    "NM1*IL*1*ROE*BOB****MI*M2",
    "NM1*PR*2*PAYER TWO*****PI*P2",
    "HL*4*3*23*0",
    "PAT*19",
    "NM1*QC*1*ROE*TIM",
    "N3*2 LOW ROAD",
    "N4*DALLAS*TX*75202",
    "DMG*D8*20200101*M",
    "CLM*C-2*60***11:B:1*Y*A*Y*Y",
    "HI*ABK:J069",
    "LX*1",
    "SV1*HC:99212*60*UN*1***1",
    "DTP*472*D8*20260104",
    group="HC",
    version="005010X222A1",
)

SHIPMENT = interchange(
    "ST*856*0001",
    "BSN*00*S-1*20260106*1200",
    "HL*1**S*1",
    "TD1**3",
    "HL*2*1*O*1",
    "PRF*PO1",
    "HL*3*2*P*1",
    "MAN*GM*00001",
    "HL*4*3*I*0",
    "LIN**VN*V-1",
    "SN1**5*EA",
    "HL*5*1*O*1",
    "PRF*PO2",
    "HL*6*5*I*0",
    "LIN**VN*V-2",
    "SN1**7*EA",
    "CTT*6",
    group="SH",
    version="004010",
)

PAYMENT = interchange(
    "ST*835*0001",
    "BPR*I*150*C*ACH*CCP*01*111*DA*33*1234567890**01*222*DA*44*20260105",
    "TRN*1*T1*1234567890",
    "DTM*405*20260105",
    "N1*PR*PAYER",
    "N3*1 HIGH ST",
    "N4*DALLAS*TX*75201",
    "N1*PE*HOSPITAL*XX*1999999984",
    "LX*1",
    "CLP*C-1*1*200*100**12*P1*11",
    "NM1*QC*1*DOE*ANN",
    "SVC*HC:99213*200*100",
    "DTM*472*20260102",
    "CAS*CO*45*100",
    "CLP*C-2*1*80*50**12*P2*11",
    "NM1*QC*1*ROE*TIM",
    "PLB*1999999984*20261231*WO:X*-5",
    group="HP",
    version="005010X221A1",
)


def condition(text: str, at: int, shape: Shape) -> Any:
    """As much of a condition as the tests need: `.01 == "ST"`."""
    found = _EQUAL.match(text, at)
    assert found is not None
    path = x12.paths.match(found[1], 0, shape, condition)
    assert path is not None
    return (lambda scope: path.read(scope) == found[2]), found.end()


def match(text: str, shape: Shape = MESSAGE) -> Any:
    found = x12.paths.match(text, 0, shape, condition)
    assert found is not None
    assert found.end == len(text)
    return found


def read(raw: bytes, text: str) -> Any:
    """What a path gives, read from a whole message."""
    return match(text).read(Scope(x12.parse(raw, READING), None))


def walk(raw: bytes, over: str, *paths: str) -> list[list[Any]]:
    """What paths give in each of the things that another names."""
    document = x12.parse(raw, READING)
    outer = match(over)
    found = outer.nodes(Scope(document, None))
    readers = [match(path, outer.shape) for path in paths]
    scopes = [Scope(thing, None, thing, at) for at, thing in enumerate(found, 1)]
    return [[reader.read(scope) for reader in readers] for scope in scopes]


def facts(
    now: float = 1767605400.0, number: int = 42, environment: str = "production"
) -> Facts:
    context = Context(now=now, id=number, environment=environment)
    return Facts(inbound=Inbound(raw=b"", received_at=now), context=context)


def lines(raw: bytes) -> list[str]:
    return raw.decode().replace("\n", "").split("~")[:-1]
