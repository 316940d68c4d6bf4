"""
Load over MLLP: connections that send their next message when the acknowledgement has come.

Usage: python bench/load.py PORT CONNECTIONS SECONDS FIRST [MOST [SAMPLE]]. With a sample file each message is that one under a
control id, patient and account of its own. Else messages alternate ADT^A01 and DFT^P03, about 1.4 KB;
MSH-10 is `LB` and ten digits, counted from FIRST. Prints one line of JSON. Loopback only, bounded in time.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import uvloop

HEAD = (
    "MSH|^~\\&|EPICADT|GENHOSP|BILLING|ACME|20260315{clock}||{kind}|LB{id:010d}|P|2.5.1|||||USA|ASCII|EN^English^ISO639\r"
    "EVN|{event}|20260315101530|||JDOE^DOE^JOHN^A^^DR^MD|20260315101500|GENHOSP\r"
    "PID|1|{mrn}|{mrn}^^^GENHOSP^MR~{ssn}^^^SSA^SS~{other}^^^GENHOSP^PI||SAMPLE{last}^TEST^Q^^MR^^L||19{year}0{month}1{day}|{sex}||2106-3^WHITE^HL70005|"
    "{house} EAST MAIN STREET^APT {flat}^SPRINGFIELD^IL^62701^USA^H^^SANGAMON||(555)555-{phone:04d}^PRN^PH^^1^555^555{phone:04d}|"
    "(555)555-0199^WPN^PH|EN^ENGLISH^ISO639|M^MARRIED^HL70002|CHR^CHRISTIAN^HL70006|{account}^^^GENHOSP^AN|{ssn}|||N^NON HISPANIC^HL70189||N\r"
    "PV1|1|I|4EAST^{bed}^A^GENHOSP^^BED^MAIN^4|E|||1003^WATSON^ELENA^M^^DR^MD^^NPI^L^^^NPI|1004^CRICK^FRANCIS^^^DR^MD|"
    "1005^FRANKLIN^ROSALIND^^^DR^MD|MED||||7|A0||1003^WATSON^ELENA^M^^DR^MD|IP|{account}^^^GENHOSP^VN|BCBS|||||||||||||||||||GENHOSP||A|||20260315093000|||4512.75|1200.00\r"
)
ADMISSION = (
    "NK1|1|SAMPLE^ANNA^L|SPO^SPOUSE^HL70063|{house} EAST MAIN STREET^^SPRINGFIELD^IL^62701^USA|(555)555-0123|||||||||||||||||||||||||||\r"
    "AL1|1|DA^DRUG ALLERGY^HL70127|PENICILLIN^PENICILLIN^L|SV^SEVERE^HL70128|HIVES~SHORTNESS OF BREATH|20190401\r"
    "DG1|1|I10|I10^ESSENTIAL (PRIMARY) HYPERTENSION^I10C|HYPERTENSION|20260315|A||||||||1|1003^WATSON^ELENA\r"
    "IN1|1|BCBS01^SAMPLE PPO^L|12345|SAMPLE INSURANCE|PO BOX 1^^CHICAGO^IL^60680|||GRP{bed}|||||20250101|20261231|||SAMPLE^TEST|SELF|19600101\r"
)
CHARGES = (
    "FT1|1|TX{id:010d}|B7|20260315101500|20260315120000|CG|99213^OFFICE VISIT EST PT LEVEL 3^CPT4|OFFICE VISIT EST PT LEVEL 3||1|125.00|125.00|4EAST^MED|BCBS01|||4EAST^{bed}^A|||I10^ESSENTIAL HYPERTENSION^I10C|1003^WATSON^ELENA^M^^DR^MD|||ORD{id:08d}||99213^OFFICE VISIT^CPT4|25\r"
    "FT1|2|TY{id:010d}|B7|20260315103000|20260315120000|CG|80053^COMPREHENSIVE METABOLIC PANEL^CPT4|COMP METABOLIC PANEL||1|48.50|48.50|LAB^CHEM|BCBS01|||LAB|||I10^ESSENTIAL HYPERTENSION^I10C|1004^CRICK^FRANCIS^^^DR^MD|||ORD{id:08d}||80053^CMP^CPT4\r"
    "DG1|1|I10|I10^ESSENTIAL (PRIMARY) HYPERTENSION^I10C|HYPERTENSION|20260315|A\r"
)


def message(number: int) -> bytes:
    """One framed message; the number decides everything in it."""
    admission = number % 2 == 0
    values = {
        "clock": f"{number // 3600 % 24:02d}{number // 60 % 60:02d}{number % 60:02d}",
        "kind": "ADT^A01^ADT_A01" if admission else "DFT^P03^DFT_P03",
        "event": "A01" if admission else "P03",
        "id": number,
        "mrn": 100000 + number % 900000,
        "ssn": 400000000 + number % 99999999,
        "other": 100017 + number % 900000,
        "last": number % 64,
        "year": 30 + number % 65,
        "month": 1 + number % 9,
        "day": number % 10,
        "sex": "M" if number & 2 else "F",
        "house": 100 + number % 8999,
        "flat": number % 99,
        "phone": number % 9999,
        "account": 7000000 + number % 1000000,
        "bed": 400 + number % 90,
    }
    text = (HEAD + (ADMISSION if admission else CHARGES)).format_map(values)
    return b"\x0b" + text.encode() + b"\x1c\r"


def like(sample: bytes) -> Callable[[int], bytes]:
    """Messages like a sample, each with its own MSH-10, PID-3.1 and PID-18.1."""
    header, *others = sample.strip(b"\r\n").split(b"\r")
    fields = header.split(b"|")
    at = next(number for number, line in enumerate(others) if line.startswith(b"PID|"))
    patient = others[at].split(b"|")
    identifier, account = patient[3].partition(b"^"), patient[18].partition(b"^")

    def make(number: int) -> bytes:
        fields[9] = b"LB%010d" % number
        patient[3] = b"%d" % (100000 + number % 900000) + identifier[1] + identifier[2]
        patient[18] = b"%d" % (7000000 + number % 1000000) + account[1] + account[2]
        lines = [b"|".join(fields), *others]
        lines[1 + at] = b"|".join(patient)
        return b"\x0b" + b"\r".join(lines) + b"\r\x1c\r"

    return make


class Sender(asyncio.Protocol):
    """One connection: send, wait for the acknowledgement, send the next."""

    def __init__(self, load: Load) -> None:
        self.load = load

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""
        self.next()

    def next(self) -> None:
        number = self.load.take()
        if number is None:
            self.load.idle()
            return
        self.expected = b"MSA|AA|LB%010d" % number
        self.began = time.perf_counter()
        self.transport.write(self.load.make(number))  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if b"\x1c\r" not in self.buffer:
            return
        self.load.answered(self.expected in self.buffer, time.perf_counter() - self.began)
        self.buffer = b""
        self.next()

    def connection_lost(self, error: Exception | None) -> None:
        self.load.idle()


class Load:
    """What all connections share."""

    def __init__(
        self,
        connections: int,
        seconds: float,
        first: int,
        most: int,
        make: Callable[[int], bytes],
    ) -> None:
        self.number, self.last = first, first + most
        self.until = time.perf_counter() + seconds
        self.good = self.bad = 0
        self.waits: list[float] = []
        self.busy = connections
        self.make = make
        self.done = asyncio.Event()

    def take(self) -> int | None:
        if self.number >= self.last or time.perf_counter() >= self.until:
            return None
        self.number += 1
        return self.number - 1

    def answered(self, good: bool, wait: float) -> None:
        self.good += good
        self.bad += not good
        self.waits.append(wait)

    def idle(self) -> None:
        self.busy -= 1
        if self.busy <= 0:
            self.done.set()


async def main() -> None:
    port, connections, seconds, first = (
        int(sys.argv[1]),
        int(sys.argv[2]),
        float(sys.argv[3]),
        int(sys.argv[4]),
    )
    most = int(sys.argv[5]) if len(sys.argv) > 5 else 1 << 40
    make = like(Path(sys.argv[6]).read_bytes()) if len(sys.argv) > 6 else message
    load = Load(connections, seconds, first, most, make)
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(lambda: Sender(load), "127.0.0.1", port)
    await asyncio.wait_for(load.done.wait(), seconds + 60)
    took = time.perf_counter() - began
    waits = sorted(load.waits) or [0.0]
    figures = {
        "acknowledged": load.good,
        "bad": load.bad,
        "seconds": round(took, 3),
        "per_second": round(load.good / took, 1),
        "p50_ms": round(waits[len(waits) // 2] * 1000, 3),
        "p99_ms": round(waits[int((len(waits) - 1) * 0.99)] * 1000, 3),
        "next": load.number,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    uvloop.run(main())
