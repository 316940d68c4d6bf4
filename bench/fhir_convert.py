"""
How long HL7 v2 takes to become a Bundle of FHIR R4 on one core: read, made, validated and written, in microseconds each.

    python bench/fhir_convert.py [FILE...]

FILE: other messages. Without one an ADT^A01 of usual size is taken: PID, PD1, NK1, PV1, PV2, AL1, DG1, IN1 in 1.6 KB.
Seconds are those of the processor, the best of many short rounds: what the machine does besides is not counted.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from engine.formats import Reading, load
from engine.mapping import Mapping
from engine.mapping import load as load_mapping
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes

ROOT = Path(__file__).parents[1]
ROUNDS, EACH = 60, 20
#: What must be reached: 1,500 conversions a second.
MARK = 1_500
ADMISSION = """\
MSH|^~\\&|ADT1|GENHOSP|CORRIDOR|GENHOSP|20261121103104-0600||ADT^A01^ADT_A01|0000421|P|2.5.1
EVN|A01|20261121103000-0600||01|DOEJ^Doe^Jane
PID|1||1000123^^^GENHOSP^MR~555443333^^^USSSA&2.16.840.1.113883.4.1&ISO^SS||Testcase^Anna^B^^Mrs^^L||19800102|F||2106-3^White^CDCREC\
|12 Main St^Apt 4^Springfield^IL^62701^USA^H||^PRN^PH^^1^217^5550101~^NET^Internet^anna@example.org|^WPN^PH^^1^217^5550102\
|en^English^ISO639|M^Married^HL70002|CHR^Christian^HL70006|ACC7001^^^GENHOSP^AN||||N^Not Hispanic^HL70189|Springfield|N|1|||||N
PD1|||Springfield Clinic^L^4711|1234567893^Family^Fred^^^Dr^MD^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI
NK1|1|Testcase^Bob^^^^^L|SPO^Spouse^HL70063|12 Main St^Apt 4^Springfield^IL^62701^USA^H|^PRN^PH^^1^217^5550103||N^Next of kin^HL70131
PV1|1|I|4W^401^A^GENHOSP^^N^^^|E|||1234567801^Attend^Alice^^^Dr^MD^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI\
|1234567802^Refer^Rob^^^Dr^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI||MED||||1|||1234567801^Attend^Alice^^^Dr^MD^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI\
|INP|V9001^^^GENHOSP^VN|BLUE||||||||||||||||||||||||20261121100000-0600
PV2|||R07.9^Chest pain^I10||||||20261121|20261125|4|Observation for chest pain|||||||||||||1
AL1|1|DA^Drug allergy^HL70127|7980^Penicillin^RXNORM|SV^Severe^HL70128|Hives|20100101
DG1|1||R07.9^Chest pain, unspecified^I10|Chest pain|20261121|A^Admitting^HL70052|||||||||1|1234567801^Attend^Alice
IN1|1|PPO1^Preferred Plan^L|BCBS01^^^NAIC|Example Payer|PO Box 1^^Chicago^IL^60601|||GRP55|Acme Works|||20260101|20261231\
|||Testcase^Anna|SEL^Self^HL70063|19800102|12 Main St^Apt 4^Springfield^IL^62701^USA|||||||||||||||||XYZ123456
"""


def best(converting: Mapping, raw: bytes) -> float:
    """Microseconds of one conversion, the best round."""
    hl7v2, reading = load("hl7v2"), Reading()
    facts = Facts(inbound=Inbound(raw=raw, received_at=0.0), context=Context(now=0.0))
    found = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(EACH):
            converting.apply(hl7v2.parse(raw, reading), facts)
        found = min(found, (time.process_time() - start) / EACH)
    return found * 1e6


def main(files: list[str]) -> int:
    """Print a line for each message; 1 where the first is slower than the mark."""
    mistakes = Mistakes()
    converting = load_mapping("hl7v2_to_fhir", ROOT, mistakes)
    if converting is None:
        print(*mistakes.found, sep="\n")
        return 1
    texts = {name: Path(name).read_bytes() for name in files}
    texts = texts or {"ADT^A01": ADMISSION.replace("\n", "\r").encode()}
    took = {name: best(converting, raw) for name, raw in texts.items()}
    for name, each in took.items():
        size = len(texts[name])
        print(
            f"{name:<40} {size:>6} bytes {each:8.0f} us  {1e6 / each:8.0f}/s  (mark {MARK}/s)"
        )
    return int(1e6 / next(iter(took.values())) < MARK)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
