"""Totals: right ones are passed over, each wrong one is named by its place, and no amount is told."""

from __future__ import annotations

import pytest
from interchanges import CLAIM, READING, interchange

from engine.formats import x12
from engine.formats.x12.balance import balance


def remittance(*segments: str, paid: str = "65.5") -> bytes:
    head = [
        "ST*835*0001",
        f"BPR*I*{paid}*C*ACH*CCP*01*111000012*DA*33*1234567890**01*222000025*DA*44*20260105",
        "TRN*1*T1*1234567890",
        "N1*PR*PAYER",
        "N1*PE*HOSPITAL*XX*1234567893",
        "LX*1",
    ]
    return interchange(*head, *segments, group="HP", version="005010X221A1")


PAID = (
    "CLP*C-1*1*200.10*100.10**12*P1*11",
    "CAS*PR*1*20",
    "NM1*QC*1*DOE*ANN",
    "SVC*HC:99213*150.05*70.05",
    "CAS*CO*45*60*1*253*.5*1*97*19.5",
    "SVC*HC:90471*50.05*50.05",
)
REVERSED = (
    "CLP*C-0*22*-80*-30**12*P2*11",
    "CAS*CO*45*-50",
    "NM1*QC*1*ROE*TIM",
)
ADJUSTED = ("PLB*1234567893*20261231*WO:X*12.1*L6*-7.5",)
WHOLE = (*PAID, *REVERSED, *ADJUSTED)


def order(*segments: str, set_: str = "850", group: str = "PO") -> bytes:
    begins = {"850": "BEG*00*SA*P**20260105", "810": "BIG*20260105*I-1"}[set_]
    return interchange(f"ST*{set_}*0001", begins, *segments, group=group, version="004010")


INVOICE = (
    "IT1*1*3*EA*1.005**VN*V-1",
    "IT1*2*250*EA*12**HP*VN*V-2".replace("**HP", "*HP"),
    "SAC*C*D240***500",
    "TDS*3002",
    "TXI*ST*1",
    "SAC*A*C310***900",
    "SAC*C*D240***500",
    "CTT*2*253",
)
PREMIUMS = (
    "ST*820*0001*005010X218",
    "BPR*I*95*C*ACH*CCP*01*111000012*DA*33*1234567890**01*222000025*DA*44*20260105",
    "TRN*1*T1*1234567890",
    "N1*PE*PLAN*FI*1",
    "N1*PR*EMPLOYER*FI*2",
    "ENT*1*2J*34*9",
    "NM1*IL*1*DOE*ANN",
    "RMR*IK*G1**60*70",
    "ADX*-10*52",
    "RMR*IK*G2**40",
    "ADX*-5*52",
)


def found(raw: bytes) -> list[tuple[str, int]]:
    document = x12.parse(raw, READING)
    faults = list(balance(document))
    amounts = {
        value for segment in document.segments for value in segment.elements[1:] if "." in value
    }
    for fault in faults:
        assert fault.level == "balance"
        assert fault.words
        assert not any(value in fault.words for value in amounts)
    return [(fault.path, fault.position) for fault in faults]


@pytest.mark.parametrize(
    ("raw", "was", "now", "told"),
    [
        (remittance(*WHOLE), b"", b"", []),
        (remittance(*WHOLE), b"*65.5*", b"*65.51*", [("BPR02", 2)]),
        (remittance(*WHOLE), b"L6*-7.5", b"L6*7.5", [("BPR02", 2)]),
        (remittance(*WHOLE), b"PR*1*20", b"PR*1*21", [("2100/CLP04", 7)]),
        (remittance(*WHOLE), b"*97*19.5", b"*97*19", [("2110/SVC03", 10), ("2100/CLP04", 7)]),
        (remittance(*WHOLE), b"90471*50.05*50.05", b"90471*51.05*51.05", [("2100/CLP03", 7)]),
        (remittance(*WHOLE), b"45*-50", b"45*50", [("2100/CLP04", 13)]),
        (remittance(*WHOLE), b"*65.5*", b"*6x*", []),
        (remittance(*WHOLE), b"150.05*70.05", b"150.05*", []),
        (remittance(*WHOLE), b"XX*1234567893", b"XX*1234567890", [("1000B/N104", 5)]),
        (remittance(*PAID, paid="100.1"), b"", b"", []),
        (CLAIM, b"", b"", []),
        (CLAIM, b"C-1*120*", b"C-1*120.01*", [("2300/CLM02", 15)]),
        (CLAIM, b"SV1*HC:99212*60*", b"SV1*HC:99212*-60*", [("2300/CLM02", 35)]),
        (interchange(*PREMIUMS, group="RA", version="005010X218"), b"", b"", []),
        (interchange(*PREMIUMS, group="RA", version="005010X218"), b"G2**40", b"G2**41", [("BPR02", 2)]),
        (interchange(*PREMIUMS, group="RA", version="005010X218"), b"ADX*-10*", b"ADX*-11*", [("2300B/RMR04", 8)]),
        (order(*INVOICE, set_="810", group="IN"), b"", b"", []),
        (order(*INVOICE, set_="810", group="IN"), b"TDS*3002", b"TDS*3003", [("TDS01", 6)]),
        (order(*INVOICE, set_="810", group="IN"), b"CTT*2", b"CTT*3", [("CTT01", 10)]),
        (order("PO1*1*1.5*EA*2", "PO1*2*10*EA*2", "CTT*2*11.5"), b"", b"", []),
        (order("PO1*1*1.5*EA*2", "PO1*2*10*EA*2", "CTT*2*25"), b"", b"", []),
        (order("PO1*1*1.5*EA*2", "PO1*2*10*EA*2", "CTT*2*12"), b"", b"", [("CTT/CTT02", 5)]),
    ],
)  # fmt: skip
def test_totals(raw: bytes, was: bytes, now: bytes, told: list[tuple[str, int]]) -> None:
    assert was in raw
    assert sorted(found(raw.replace(was, now, 1) if was else raw)) == sorted(told)


def test_each_set_is_told_by_its_number() -> None:
    wrong, good = remittance(*WHOLE, paid="1"), remittance(*WHOLE)
    start, end = wrong.index(b"ST*"), wrong.index(b"GE*")
    set_, group = wrong[start:end], b"GS*HP*A*B*20260105*0930*18*X*005010X221A1~"
    both = (
        good[: good.index(b"GE*")]
        + set_
        + b"GE*2*17~"
        + group
        + set_
        + b"GE*1*18~IEA*2*000000017~"
    )
    told = [(fault.group, fault.set) for fault in balance(x12.parse(both, READING))]
    assert told == [(0, 1), (1, 0)]
