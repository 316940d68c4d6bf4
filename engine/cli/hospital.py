"""
The hospital of the demo: its ERP posts orders, its wards register patients and send what is charged to them on three days, its
registration looks patients up and asks whether they are covered.
"""

from __future__ import annotations

import json
import threading
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from engine.cli.send import MllpLine

#: Seconds between two orders, two patients, and two questions of the registration.
ORDERS, PATIENTS, QUESTIONS = 1.3, 1.7, 0.9
#: The registration, and the messages with its charges; every third patient stays.
_OUTPATIENT = ("registered_outpatient", "charges_day1", "charges_day2", "charges_day3")
_STAY = ("registered_stay", "charges_stay")
#: What stands for the patient in these samples.
_NAMES = ((b"ACC8100", b"1000200"), (b"ACC8200", b"1000201"))
#: Whom the registration looks for: three that the index knows, and one that it does not.
_LOOKED_FOR = ("1000123", "1000777", "1000888", "1000999")
_FHIR = "application/fhir+json"
#: Channels without which there is no story, and those that speak FHIR.
_TOLD = ("purchase_orders", "adt_feed", "charges_to_claims")
ASKED = ("charges_to_fhir", "patient_query", "coverage_questions", "fhir_orders_to_lab")


class Hospital(threading.Thread):
    """Tells the two stories of the supply chain and of claims again and again, each order and patient under a number of its own."""

    def __init__(self, home: Path, ports: dict[str, int]) -> None:
        """`ports` are those of purchase_orders, adt_feed and charges_to_claims, and of those in ASKED that are there."""
        super().__init__(name="hospital", daemon=True)
        self._samples, self._ports = home / "samples", ports
        self.ending = threading.Event()
        self.orders = self.patients = 0
        """How many orders were posted and accepted, and of how many patients everything was sent."""
        self.searches = self.questions = self.tests = 0
        """How many questions in FHIR were answered: who somebody is, whether somebody is covered; and orders for the laboratory."""
        self.trouble = ""

    def run(self) -> None:
        """Tell until told to end; what goes wrong is kept in `trouble`."""
        stories = [(ORDERS, self._order, 0.0), (PATIENTS, self._patient, 0.0)]
        stories.append((QUESTIONS, self._ask, 0.0))
        clock = 0.0
        try:
            while not self.ending.is_set():
                every, tell, at = min(stories, key=lambda story: story[2])
                if self.ending.wait(max(0.0, at - clock)):
                    return
                clock = max(clock, at)
                stories.remove((every, tell, at))
                tell()
                stories.append((every, tell, at + every))
        except OSError as error:
            self.trouble = f"cannot send: {error}"

    # -- the ERP --------------------------------------------------------------------------------------------

    def _order(self) -> None:
        samples = sorted((self._samples / "json").glob("order_*.json"))
        order = json.loads(samples[self.orders % len(samples)].read_bytes())
        number = f"45{self.orders + 1:05}"
        order |= {"orderNumber": number, "correlationId": f"ERP-{number}"}
        status, _ = _call(self._ports["purchase_orders"], "POST", "/orders", order)
        if status >= 300:
            raise OSError(f"an order was answered {status}")
        self.orders += 1

    # -- the wards ------------------------------------------------------------------------------------------

    def _patient(self) -> None:
        number = self.patients + 1
        stays = number % 3 == 0
        for at, name in enumerate(_STAY if stays else _OUTPATIENT):
            raw = (self._samples / "hl7v2" / f"{name}.hl7").read_bytes()
            own = _personal(raw, stays, number, f"H{number:05}{at}")
            self._send("charges_to_claims" if at else "adt_feed", own, name)
            if at and self.has("charges_to_fhir"):
                self._send("charges_to_fhir", own, name)
        self.patients += 1

    def _send(self, channel: str, raw: bytes, name: str) -> None:
        with MllpLine("127.0.0.1", self._ports[channel], 20.0) as line:
            word = line.ask(raw).word
        if word != "AA":
            raise OSError(f"{name} was answered {word}")

    # -- the registration -----------------------------------------------------------------------------------

    def has(self, channel: str) -> bool:
        """Whether the home has a channel that not every home has."""
        return channel in self._ports

    def _ask(self) -> None:
        """In FHIR: look somebody up, ask whether somebody is covered, both answered while one waits; and order a test."""
        if self.has("patient_query"):
            number = _LOOKED_FOR[self.searches % len(_LOOKED_FOR)]
            path = f"/fhir/Patient?identifier={number}"
            self._answered(_call(self._ports["patient_query"], "GET", path), "Bundle")
            self.searches += 1
        if self.has("coverage_questions"):
            question = self._resource("cover_question_alone")
            question["identifier"][0]["value"] = f"Q-{self.questions + 1:05}"
            path = "/fhir/CoverageEligibilityRequest"
            said = _call(self._ports["coverage_questions"], "POST", path, question, _FHIR)
            self._answered(said, "CoverageEligibilityResponse")
            self.questions += 1
        if self.has("fhir_orders_to_lab"):
            order = self._resource("lab_order")
            order["identifier"]["value"] = f"ORD-{self.tests + 1:05}"
            port = self._ports["fhir_orders_to_lab"]
            status, _ = _call(port, "POST", "/fhir/$process-message", order, _FHIR)
            if status >= 300:
                raise OSError(f"an order in FHIR was answered {status}")
            self.tests += 1

    def _resource(self, name: str) -> Any:
        return json.loads((self._samples / f"fhir/{name}.json").read_bytes())

    @staticmethod
    def _answered(said: tuple[int, Any], kind: str) -> None:
        status, resource = said
        if status != 200 or resource.get("resourceType") != kind:
            raise OSError(f"a question in FHIR was answered {status}")


def _personal(raw: bytes, stays: bool, number: int, control: str) -> bytes:
    """A sample about a patient of its own, under a message number (MSH-10) of its own."""
    account, patient = _NAMES[stays]
    own = raw.replace(account, b"ACC9%04d" % number).replace(patient, b"20%05d" % number)
    fields = own.split(raw[3:4], 10)
    fields[9] = control.encode()
    return raw[3:4].join(fields)


def _call(
    port: int, method: str, path: str, value: Any = None, kind: str = "application/json"
) -> tuple[int, Any]:
    """Status and content of what is answered over HTTP."""
    line = HTTPConnection("127.0.0.1", port, timeout=20)
    body = json.dumps(value) if value is not None else None
    try:
        line.request(method, path, body, {"Content-Type": kind} if body else {})
        response = line.getresponse()
        said = response.read()
        return response.status, json.loads(said) if said else None
    finally:
        line.close()


def hospital(home: Path) -> Hospital | None:
    """The one that fits a home; None where the home has other channels than the shipped ones."""
    from engine.channel import load_all

    channels = load_all(home).channels
    ports = {
        name: int(getattr(channels[name].source.settings, "port", 0))
        for name in (*_TOLD, *ASKED)
        if name in channels
    }
    return Hospital(home, ports) if ports.keys() >= set(_TOLD) else None
