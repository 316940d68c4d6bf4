"""A hospital whose messages differ as real ones do: patients hardly come twice, doctors, beds, diagnoses and payers do all day."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

DOCTORS, BEDS, DIAGNOSES, PAYERS = 300, 200, 500, 30
_NPI = "NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI"
_FAMILIES = "Testcase Sample Trial Probe Example Dummy Mock Placeholder".split()  # noqa: SIM905
_GIVEN = "Anna Bob Carla Dan Eva Fred Gina Hans Ida Jon Kim Lea Max Nora Otto Pia".split()  # noqa: SIM905
_STREETS = "Main Oak Elm Park Lake Hill River Mill".split()  # noqa: SIM905
_TOWNS = "Springfield Riverton Lakewood Fairview Milltown".split()  # noqa: SIM905


class Hospital:
    """Draws messages; the same seed draws the same."""

    def __init__(self, seed: int = 6) -> None:
        self.random = Random(seed)
        self.doctors = [self._doctor(number) for number in range(DOCTORS)]
        self.beds = [f"{n // 20 + 1}W^{400 + n // 2}^{'AB'[n % 2]}^GENHOSP^^N^^^" for n in range(BEDS)]  # fmt: skip
        self.diagnoses = [f"{'JKMNR'[n % 5]}{n // 10:02}.{n % 10}^Finding number {n}^I10" for n in range(DIAGNOSES)]  # fmt: skip
        self.payers = [f"PAY{n:02}^^^NAIC|Payer {n}|PO Box {n}^^Chicago^IL^606{n:02}" for n in range(PAYERS)]  # fmt: skip

    def admissions(self, count: int) -> Iterator[bytes]:
        """ADT^A01 of usual size: PID, PD1, NK1, PV1, PV2, AL1, DG1, IN1 in 1.6 KB."""
        return (self._admission(number) for number in range(count))

    def charges(self, count: int) -> Iterator[bytes]:
        """DFT^P03 with three FT1."""
        return (self._charge(number) for number in range(count))

    def results(self, count: int) -> Iterator[bytes]:
        """ORU^R01 with 13 OBX."""
        return (self._result(number) for number in range(count))

    def appointments(self, count: int) -> Iterator[bytes]:
        """SIU^S12 with a service, a place and a person."""
        return (self._appointment(number) for number in range(count))

    def _doctor(self, number: int) -> str:
        family, given = self._family(), self.random.choice(_GIVEN)
        return f"{1_234_567_000 + number}^{family}^{given}^^^Dr^MD^^{_NPI}"

    def _family(self) -> str:
        return f"{self.random.choice(_FAMILIES)}{self.random.choice('abcdefgh')}{self.random.randrange(500)}"

    def _day(self, first: int, last: int) -> str:
        one = self.random
        return f"{one.randint(first, last)}{one.randint(1, 12):02}{one.randint(1, 28):02}"

    def _phone(self) -> str:
        return f"^PRN^PH^^1^217^555{self.random.randrange(10_000):04}"

    def _address(self) -> str:
        one = self.random
        street = f"{one.randint(1, 9999)} {one.choice(_STREETS)} St^Apt {one.randint(1, 40)}"
        return f"{street}^{one.choice(_TOWNS)}^IL^{one.randint(62_000, 62_999)}^USA"

    def _head(self, number: int, kind: str) -> str:
        seconds = f"{self.random.randrange(60):02}"
        return f"MSH|^~\\&|ADT1|GENHOSP|CORRIDOR|GENHOSP|202611211031{seconds}-0600||{kind}|{number:07}|P|2.5.1"

    def _patient(self, address: str, born: str) -> str:
        one = self.random
        family, given, sex = self._family(), one.choice(_GIVEN), one.choice("FM")
        number, town = one.randrange(10**7), one.choice(_TOWNS)
        numbers = f"{number:07}^^^GENHOSP^MR~{one.randrange(10**9):09}^^^USSSA&2.16.840.1.113883.4.1&ISO^SS"
        phones = f"{self._phone()}~^NET^Internet^{given.lower()}{number}@example.org|{self._phone().replace('PRN', 'WPN')}"
        codes = "en^English^ISO639|M^Married^HL70002|CHR^Christian^HL70006"
        return (
            f"PID|1||{numbers}||{family}^{given}^{one.choice('ABCD')}^^^^L||{born}|{sex}||2106-3^White^CDCREC"
            f"|{address}^H||{phones}|{codes}|ACC{one.randrange(10**6):06}^^^GENHOSP^AN"
            f"||||N^Not Hispanic^HL70189|{town}|N|1|||||N"
        )

    def _visit(self) -> str:
        one = self.random
        attending, referring = one.choice(self.doctors), one.choice(self.doctors)
        number = f"V{one.randrange(10**6):06}^^^GENHOSP^VN"
        return (
            f"PV1|1|I|{one.choice(self.beds)}|E|||{attending}|{referring}||MED||||1|||{attending}|INP|{number}"
            f"|BLUE||||||||||||||||||||||||202611211{one.randrange(1000):03}00-0600"
        )

    def _admission(self, number: int) -> bytes:
        one = self.random
        address, born, diagnosis = self._address(), self._day(1930, 2010), one.choice(self.diagnoses)  # fmt: skip
        by = one.choice(self.doctors)
        segments = [
            self._head(number, "ADT^A01^ADT_A01"),
            f"EVN|A01|202611211030{one.randrange(60):02}-0600||01|U{one.randrange(80)}^{self._family()}^Jane",
            self._patient(address, born),
            f"PD1|||Springfield Clinic^L^4711|{one.choice(self.doctors)}",
            f"NK1|1|{self._family()}^{one.choice(_GIVEN)}^^^^^L|SPO^Spouse^HL70063|{address}^H|{self._phone()}||N^Next of kin^HL70131",
            self._visit(),
            f"PV2|||{diagnosis}||||||20261121|202611{one.randint(22, 30)}|4|Observation|||||||||||||1",
            f"AL1|1|DA^Drug allergy^HL70127|{7980 + one.randrange(40)}^Substance^RXNORM|SV^Severe^HL70128|Hives|{self._day(2000, 2020)}",
            f"DG1|1||{diagnosis}|{diagnosis.split('^')[1]}|20261121|A^Admitting^HL70052|||||||||1|{by}",
            f"IN1|1|PPO1^Preferred Plan^L|{one.choice(self.payers)}|||GRP{one.randrange(90)}|Acme Works|||20260101|20261231"
            f"|||{self._family()}^{one.choice(_GIVEN)}|SEL^Self^HL70063|{born}|{address}|||||||||||||||||X{one.randrange(10**8):08}",
        ]
        return _whole(segments)

    def _charge(self, number: int) -> bytes:
        one = self.random
        segments = [
            self._head(number, "DFT^P03^DFT_P03"),
            f"EVN|P03|202611211030{one.randrange(60):02}",
            self._patient(self._address(), self._day(1930, 2010)),
            self._visit(),
        ]
        for at in range(1, 4):
            by = one.choice(self.doctors)
            segments.append(
                f"FT1|{at}|T{number}{at}||202611211{one.randrange(10)}{one.randrange(60):02}||CG|{40_000 + one.randrange(300)}^Supply^L|||{one.randint(1, 5)}||"
                f"{one.randrange(9000)}.50&USD|CC{one.randrange(40)}^Ward^L|||{one.choice(self.beds)}|||{one.choice(self.diagnoses)}|{by}"
            )
        return _whole(segments)

    def _result(self, number: int) -> bytes:
        one = self.random
        by, when = one.choice(self.doctors), f"2026112110{one.randrange(60):02}00-0600"
        service = "24323-8^Comprehensive metabolic panel^LN"
        segments = [
            self._head(number, "ORU^R01^ORU_R01"),
            self._patient(self._address(), self._day(1930, 2010)),
            self._visit(),
            f"ORC|RE|P{number}^CPOE|F{number}^LAB|||||||||{by}",
            f"OBR|1|P{number}^CPOE|F{number}^LAB|{service}|||{when}|||||||||{by}||||||{when}||CH|F",
        ]
        segments += [
            f"OBX|{at}|NM|{2000 + at}-1^Analyte {at}^LN||{one.randint(30, 200)}.{one.randrange(10)}|mg/dL^mg/dL^UCUM|40-180|N|||F|||{when}"
            for at in range(1, 14)
        ]
        return _whole(segments)

    def _appointment(self, number: int) -> bytes:
        one = self.random
        start = f"202612{one.randint(1, 28):02}{one.randint(8, 17):02}"
        head = f"{number}A^CPOE|{number}B^SCHED"
        segments = [
            self._head(number, "SIU^S12^SIU_S12"),
            f"SCH|{head}||||ROUTINE^Routine^HL70276|NORMAL^Checkup^L|NORMAL|30|MIN|^^30^{start}0000^{start}3000|{one.choice(self.doctors)}|||||{one.choice(self.doctors)}|||||BOOKED",
            self._patient(self._address(), self._day(1930, 2010)),
            self._visit(),
            "RGS|1|A",
            f"AIS|1|A|{one.choice(self.diagnoses)}|{start}0000|||30|MIN",
            f"AIL|1|A|{one.choice(self.beds)}|CLINIC^Clinic^L||{start}0000|||30|MIN",
            f"AIP|1|A|{one.choice(self.doctors)}|ATND^Attending^L||{start}0000|||30|MIN",
        ]
        return _whole(segments)


def _whole(segments: list[str]) -> bytes:
    return ("\r".join(segments) + "\r").encode()
