"""The commands beside a real engine: a home, a simulated partner, real sockets. And no patient where none may be seen."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine import simulate
from engine.cli.stage import MllpLine, renumbered
from engine.message import short_id
from engine.store.archive import SqliteArchive
from tests.ports import free_port

from .conftest import Corridor

#: What stands in messages as a patient's data, and must stand nowhere else.
CANARIES = ("CANARYMRN7", "CANARYNAME", "19330303", "CANARYSTREET", "CANARYSSN")

MESSAGE = (
    "MSH|^~\\&|REG|GENHOSP|CORRIDOR|GENHOSP|20260102080000||ADT^A08|M1|P|2.5.1\rEVN|A08|20260102\r"
    "PID|1||CANARYMRN7^^^GENHOSP^MR||CANARYNAME^Sally||{born}|F|||CANARYSTREET||||||||CANARYSSN\r"
    "PV1|1|O\r"
)
GOOD = MESSAGE.format(born="19330303").encode()
UNREADABLE_DATE = MESSAGE.format(born="CANARYNAME").encode()
BROKEN = b"MSH|^~\\A|REG|CANARYNAME\rPID|1||CANARYMRN7\r"
UNWANTED = GOOD.replace(b"ADT^A08", b"ADT^A01")


class Partner:
    """A simulated partner on a loop of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.http = simulate.http_partner("partner")
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        async with self.http:
            self._ready.set()
            await self._end.wait()

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(5)

    def fault(self, fault: str) -> None:
        async def switch() -> None:
            self.http.fault = simulate.Fault(fault)

        asyncio.run_coroutine_threadsafe(switch(), self._loop).result(5)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(5)
        self._loop.close()


class Plant(Corridor):
    """A home with a running engine, its partner, and a line to send over."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.partner = Partner()
        self.partner.start()
        self.port = free_port()
        address = f"http://127.0.0.1:{self.partner.http.port}"
        made = self("new", "channel", "feed", "--port", self.port, "--address", address)
        assert made.code == 0, made.err
        channel = home / "channels/feed.yaml"
        text = channel.read_text("utf-8").replace(
            "order_by:", "retry: {first_wait: 200ms, longest_wait: 300ms}\n    order_by:"
        )
        channel.write_text(text, "utf-8")
        self.process = self.start()
        self.line = MllpLine("127.0.0.1", self.port, 10)
        self.sent = 0

    def start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "engine.cli", "run", "--home", str(self.home)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        self.said = ""
        while "ready" not in self.said:
            line = process.stdout.readline()
            assert line, self.said
            self.said += line
        return process

    def send(self, raw: bytes) -> str:
        """Send one message under a number of its own; the word of its acknowledgement."""
        self.sent += 1
        return self.line.ask(renumbered(raw, self.sent)).word

    def newest(self) -> str:
        with SqliteArchive(self.home) as archive:
            return short_id(archive.recent(limit=1)[0].id)

    def state(self, short: str) -> dict[str, int]:
        found: dict[str, int] = self("show", short, "--json").json["states"]
        return found

    def stop(self) -> None:
        self.line.__exit__()
        self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=15)
        self.partner.stop()
        assert self.process.returncode == 0, out


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """One engine for all tests here; they leave it as they found it."""
    home = tmp_path_factory.mktemp("plant") / "home"
    home.mkdir()
    found = Plant(home)
    yield found
    found.stop()


def until(holds: Callable[[], bool], within: float = 8.0) -> None:
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "did not come to pass"
        time.sleep(0.05)


def test_the_engine_says_what_it_runs(plant: Plant) -> None:
    assert f"feed: mllp 127.0.0.1:{plant.port}" in plant.said
    assert "ready: 1 channel in" in plant.said
    ran = plant("status")
    assert ran.code == 0, ran.err
    assert ran.lines[0].startswith("running for")
    assert any(line.split()[:2] == ["partner", "idle"] for line in ran.lines)


def test_a_second_engine_in_the_same_home_is_refused_in_words(plant: Plant) -> None:
    ran = plant("run")
    assert ran.code == 3
    assert "Traceback" not in ran.err
    assert ran.err.strip()


def test_a_message_can_be_followed_to_its_end(plant: Plant) -> None:
    assert plant.send(GOOD) == "AA"
    short = plant.newest()
    until(lambda: plant.state(short) == {"delivered": 1})
    shown = plant("show", short).out
    assert all(
        word in shown for word in ("received", "accepted", "delivered", "partner", "201")
    )
    until(lambda: "delivered" in plant("tail", "feed", "--no-follow", "--id", short).out)
    assert plant("send", plant.home / "samples/feed/message.hl7", "--to", "feed").code == 0


def test_held_deliveries_wait_and_are_released(plant: Plant) -> None:
    assert plant("hold", "feed", "--reason", "month end").code == 0
    plant.send(GOOD)
    short = plant.newest()
    assert plant.state(short) == {"queued": 1}
    status = plant("status").out
    assert "on hold; month end" in status
    assert plant("discard", short, "--reason", "not wanted", "--yes").code == 0
    assert plant.state(short) == {"discarded": 1}
    plant.send(GOOD)
    other = plant.newest()
    assert plant("release", "feed", "--rate", 50).code == 0
    until(lambda: plant.state(other) == {"delivered": 1})
    assert "not wanted" in plant("show", short).out
    assert plant("release", "feed").code == 0


def test_an_outage_is_explained_and_ends_by_itself(plant: Plant) -> None:
    plant.partner.fault("503")
    plant.send(GOOD)
    short = plant.newest()
    until(lambda: "next attempt in" in plant("status").out)
    until(lambda: "503" in plant("show", short).out)
    plant.partner.fault("none")
    until(lambda: plant.state(short) == {"delivered": 1})


def test_a_refused_delivery_is_sent_again_when_a_person_says_so(plant: Plant) -> None:
    plant.partner.fault("400")
    plant.send(GOOD)
    short = plant.newest()
    until(lambda: plant.state(short) == {"refused": 1})
    plant.partner.fault("none")
    ran = plant("resend", short, "--reason", "they have mended it", "--yes")
    assert ran.code == 0, ran.err
    until(lambda: plant.state(short) == {"delivered": 1})
    assert "they have mended it" in plant("show", short).out


@pytest.mark.parametrize("mode", ["--same-bytes", "--again", "--as-new"])
def test_a_replay_is_linked_to_its_original(plant: Plant, mode: str) -> None:
    plant.send(GOOD)
    short = plant.newest()
    until(lambda: plant.state(short) == {"delivered": 1})
    ran = plant("replay", short, mode, "--to", "partner", "--reason", "lost there", "--yes")
    assert ran.code == 0, ran.out + ran.err
    again = ran.lines[-1].split(" is replayed as ")[1].split(":")[0]
    assert ran.lines[-1].endswith("accepted")
    until(lambda: plant.state(again) == {"delivered": 1})
    trail = plant("show", short).out
    assert again in trail and "replayed" in trail


def test_a_channel_is_edited_while_it_runs(plant: Plant) -> None:
    mapping = plant.home / "mappings/feed.yaml"
    text = mapping.read_text("utf-8")
    try:
        mapping.write_text(text.replace("PID-5.2", "PID-5.2 | uper"), "utf-8")
        ran = plant("reload")
        assert ran.code != 0
        assert "did you mean 'upper'?" in ran.err
        assert plant.send(GOOD) == "AA", "the channel runs on as it was"
        mapping.write_text(text.replace("PID-5.2", "PID-5.2 | upper"), "utf-8")
        plant("reload")
        plant.send(GOOD)
        until(lambda: b"SALLY" in plant.partner.http.received[-1].body)
    finally:
        mapping.write_text(text, "utf-8")
        plant("reload")


def test_backup_and_verify_beside_the_engine(plant: Plant, tmp_path: Path) -> None:
    plant.send(GOOD)
    assert plant("backup", tmp_path / "copy").code == 0
    ran = plant("verify")
    assert (ran.code, ran.out) == (0, "the store is sound\n"), ran.out


def test_no_patient_is_seen_in_logs_errors_status_or_lists(plant: Plant) -> None:
    words = [plant.send(raw) for raw in (GOOD, UNREADABLE_DATE, UNWANTED)]
    assert words == ["AA", "AE", "AA"]
    assert plant.line.ask(BROKEN).word in ("AE", "AR")
    for fault, state in (("400", "refused"), ("503", "queued")):
        plant.partner.fault(fault)
        plant.send(GOOD)
        short = plant.newest()
        until(lambda short=short, state=state: plant.state(short) == {state: 1})
    short = plant.newest()
    seen = [
        plant(*command)
        for command in (
            ("status",),
            ("status", "--json"),
            ("messages", "--limit", "0"),
            ("messages", "--json"),
            ("messages", "--key", "mrn=CANARYMRN7", "--state", "refused"),
            ("tail", "--no-follow", "--level", "debug", "--last", "1000"),
            ("tail", "--no-follow", "--json", "--key", "=CANARYMRN7"),
            ("show", short),
            ("show", short, "--json"),
            ("resend", short, "--reason", "x"),
            ("replay", "--state", "refused", "--reason", "x"),
            ("verify",),
        )
    ]
    assert all(ran.out or ran.err for ran in seen)
    plant.partner.fault("none")
    until(lambda: plant.state(short) == {"delivered": 1})
    texts = [ran.out + ran.err for ran in seen] + [plant.said]
    files = list((plant.home / "logs").iterdir())
    assert {"feed.log"} <= {path.name for path in files}
    texts += [path.read_text("utf-8") for path in files]
    assert any("not_taken" in text or "quarantined" in text for text in texts)
    for canary in CANARIES:
        for text in texts:
            assert canary not in text, re.sub(
                r"\s+", " ", text[max(0, text.find(canary) - 200) :][:300]
            )


def test_content_is_seen_by_those_who_ask_and_that_is_recorded(plant: Plant) -> None:
    plant.send(GOOD)
    short = plant.newest()
    ran = plant("show", short, "--content", "--reason", "billing asked")
    assert "CANARYNAME" in ran.out
    with SqliteArchive(plant.home) as archive:
        assert archive.audits()[0]["what"] == f"message {short}"
        assert archive.audits()[0]["reason"] == "billing asked"


def test_a_home_with_mistakes_in_its_configuration_does_not_start(corridor: Corridor) -> None:
    (corridor.home / "config.yaml").write_text("environmant: test\n")
    ran = corridor("run")
    assert ran.code == 1
    assert "did you mean 'environment'?" in ran.err


@pytest.mark.slow
def test_an_engine_started_on_hold_sends_nothing(corridor: Corridor, kept: object) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        corridor("new", "channel", "adt_feed", "--port", taken.getsockname()[1])
        command = [sys.executable, "-m", "engine.cli", "--home", str(corridor.home), "run"]
        with subprocess.Popen(
            [*command, "--hold-all"], stdout=subprocess.PIPE, text=True
        ) as run:
            assert run.stdout is not None
            said = ""
            while "ready:" not in said:
                said += run.stdout.readline()
            status = corridor("status").out
            assert corridor("stop").code == 0
            assert run.wait(15) == 0
    assert "everything on hold" in said
    assert "held" in status
    assert "in use" in said.lower(), "a taken port is said at once"
