"""The hospital of the demo: its ERP posts orders, its wards register patients and send what is charged to them on three days."""

from __future__ import annotations

import json
import threading
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from engine.cli.send import MllpLine

#: Seconds between two orders, and between two patients.
ORDERS, PATIENTS = 1.3, 1.7
#: The registration, and the messages with its charges; every third patient stays.
_OUTPATIENT = ("registered_outpatient", "charges_day1", "charges_day2", "charges_day3")
_STAY = ("registered_stay", "charges_stay")
#: What stands for the patient in these samples.
_NAMES = ((b"ACC8100", b"1000200"), (b"ACC8200", b"1000201"))


class Hospital(threading.Thread):
    """Tells the two stories of the supply chain and of claims again and again, each order and patient under a number of its own."""

    def __init__(self, home: Path, ports: dict[str, int]) -> None:
        """`ports` are those of purchase_orders, adt_feed and charges_to_claims."""
        super().__init__(name="hospital", daemon=True)
        self._samples, self._ports = home / "samples", ports
        self.ending = threading.Event()
        self.orders = self.patients = 0
        """How many orders were posted and accepted, and of how many patients everything was sent."""
        self.trouble = ""

    def run(self) -> None:
        """Tell until told to end; what goes wrong is kept in `trouble`."""
        stories = [(ORDERS, self._order, 0.0), (PATIENTS, self._patient, 0.0)]
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
        status = _post(self._ports["purchase_orders"], "/orders", order)
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
            port = self._ports["charges_to_claims" if at else "adt_feed"]
            with MllpLine("127.0.0.1", port, 20.0) as line:
                word = line.ask(own).word
            if word != "AA":
                raise OSError(f"{name} was answered {word}")
        self.patients += 1


def _personal(raw: bytes, stays: bool, number: int, control: str) -> bytes:
    """A sample about a patient of its own, under a message number (MSH-10) of its own."""
    account, patient = _NAMES[stays]
    own = raw.replace(account, b"ACC9%04d" % number).replace(patient, b"20%05d" % number)
    fields = own.split(raw[3:4], 10)
    fields[9] = control.encode()
    return raw[3:4].join(fields)


def _post(port: int, path: str, value: Any) -> int:
    line = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        line.request("POST", path, json.dumps(value), {"Content-Type": "application/json"})
        return line.getresponse().status
    finally:
        line.close()


def hospital(home: Path) -> Hospital | None:
    """The one that fits a home; None where the home has other channels than the shipped ones."""
    from engine.channel import load_all

    channels = load_all(home).channels
    wanted = ("purchase_orders", "adt_feed", "charges_to_claims")
    ports = {
        name: int(getattr(channels[name].source.settings, "port", 0))
        for name in wanted
        if name in channels
    }
    return Hospital(home, ports) if len(ports) == len(wanted) else None
