"""The stage of the demo: a scratch home, simulated partners and an engine as processes, and somebody who sends."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from http.client import HTTPConnection
from itertools import zip_longest
from pathlib import Path
from typing import Any

from engine.cli.send import MllpLine
from engine.errors import CommandError

#: What is copied of a home.
COPIED = ("channels", "mappings", "samples")
#: Stands in a folder that the demo made and may remove.
MARK = "MADE_BY_DEMO.txt"
#: How long a group of charges waits for another one in the demo; how often the supplier leaves its item master.
HURRIED, ITEMS = "2s", "30s"
#: Seconds that the engine and the partners have to get ready, and to end.
PATIENCE = 15.0


class Stage:
    """Everything that runs for the demo, in a folder of its own. `with` starts and ends it."""

    def __init__(self, origin: Path, folder: Path) -> None:
        self.home = folder
        self._origin = origin
        self._processes: list[subprocess.Popen[bytes]] = []
        self.control = 0

    def __enter__(self) -> Stage:
        self._copy()
        self.control = _free_port(set())
        try:
            self._start("simulate", "--control", str(self.control), *self._drops())
            self._await(self._partners_listen, "the simulated partners")
            self._fill_tables()
            self._start("run", "--no-console")
            self._await(self._engine_listens, "the engine")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    # -- the home -----------------------------------------------------------------------------------------

    def _copy(self) -> None:
        if not (self._origin / "channels").is_dir():
            raise CommandError(f"{self._origin} has no channels to show")
        if (self.home / MARK).exists():
            shutil.rmtree(self.home)
        elif self.home.exists() and any(self.home.iterdir()):
            raise CommandError(f"{self.home} is not empty and was not made by the demo")
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / MARK).write_text(
            "Made by `corridor demo`, which removes it at its next start.\n"
        )
        for name in COPIED:
            if (self._origin / name).is_dir():
                shutil.copytree(self._origin / name, self.home / name)
        for channel in (self.home / "channels").glob("*.yaml"):
            for folder in re.findall(r"folder: (in/[\w/-]+)", channel.read_text("utf-8")):
                (self.home / folder).mkdir(parents=True, exist_ok=True)
        written = self._origin / "config.yaml"
        text = written.read_text("utf-8") if written.is_file() else ""
        (self.home / "config.yaml").write_text(text, "utf-8")
        self._move_ports()
        self._hurry()

    def _hurry(self) -> None:
        """Nobody watches for three days: groups that wait for quiet wait for seconds, in the copies only."""
        for path in (self.home / "channels").glob("*.yaml"):
            text = path.read_text("utf-8")
            hurried = re.sub(r"(?<=release: \{quiet: )\d+[hd]", HURRIED, text)
            if hurried != text:
                path.write_text(hurried, "utf-8")

    def _drops(self) -> list[str]:
        """The supplier leaves its item master again and again, where the home has that channel."""
        sample = self.home / "samples/flat/items.csv"
        known = (self.home / "channels/item_master.yaml").is_file() and sample.is_file()
        return ["--drop", f"supplier/items={sample},{ITEMS}"] if known else []

    def _fill_tables(self) -> None:
        """Give the data tables the rows of samples/tables."""
        from engine.cli import people
        from engine.handling.table_changes import publish
        from engine.mapping.lookups import definitions
        from engine.placed import Mistakes
        from engine.store.tables import publishing

        declared = definitions(self.home, Mistakes())
        for path in sorted((self.home / "samples/tables").glob("*.csv")):
            if path.stem in declared:
                with publishing.imported(self.home, declared[path.stem], path) as prepared:
                    publish(self.home, prepared.wanted, people.who(), "for the demo")

    def _move_ports(self) -> None:
        """Ports that something else has on this machine are exchanged for free ones, in the copies only."""
        paths = [self.home / "config.yaml", *(self.home / "channels").glob("*.yaml")]
        texts = {path: path.read_text("utf-8") for path in paths}
        named = {int(port) for text in texts.values() for port in re.findall(_PORT, text)}
        moved: dict[int, int] = {}
        for port in sorted(named):
            if not is_free(port):
                moved[port] = _free_port(named | set(moved.values()))
        for path, text in texts.items():
            if moved:
                new = re.sub(_PORT, lambda m: str(moved.get(int(m[0]), int(m[0]))), text)
                path.write_text(new, "utf-8")

    # -- the processes ------------------------------------------------------------------------------------

    def _start(self, *command: str) -> None:
        with (self.home / f"{command[0]}.out").open("wb") as output:
            self._processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "engine.cli", *command, "--home", str(self.home)],
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
            )

    def _await(self, ready: Any, what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not ready():
            self.check()
            if time.monotonic() > end:
                raise CommandError(f"{what} did not get ready; see {self.home}/*.out")
            time.sleep(0.05)

    def check(self) -> None:
        """CommandError, with its last words, where a process has ended."""
        for process in self._processes:
            if process.poll() is not None:
                arguments = process.args
                assert isinstance(arguments, list)
                said = (self.home / f"{arguments[3]}.out").read_text("utf-8", "replace")
                raise CommandError(f"corridor {arguments[3]} ended: {said.strip()[-2000:]}")

    def _partners_listen(self) -> bool:
        with contextlib.suppress(OSError, ValueError):
            return bool(self.partners())
        return False

    def _engine_listens(self) -> bool:
        with contextlib.suppress(CommandError, OSError):
            stations = self.status()["channels"]
            if all(one["trouble"] for one in stations):
                return False
            return (self.home / "run.out").read_bytes().count(b"ready") > 0
        return False

    # -- what can be asked --------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """What the engine says of itself."""
        from engine import orders

        return orders.send(self.home, "status", {})

    def partners(self) -> dict[str, dict[str, Any]]:
        """What the partners took, by name."""
        line = HTTPConnection("127.0.0.1", self.control, timeout=5)
        try:
            line.request("GET", "/_stats")
            found: dict[str, dict[str, Any]] = json.loads(line.getresponse().read())
            return found
        finally:
            line.close()

    def switch(self, name: str, fault: str) -> None:
        """Switch a partner's fault."""
        from engine.cli.workshop import switched

        switched(f"{name}={fault}", self.control)


_PORT = r"(?<=port: )\d{2,5}|(?<=127\.0\.0\.1:)\d{2,5}|(?<=localhost:)\d{2,5}"


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port(taken: set[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            return port


def programme(home: Path) -> list[tuple[int, bytes]]:
    """Samples that a channel of the home accepts, each with the port of that channel."""
    from engine.channel import load_all
    from engine.handling.outgoing import outgoing
    from engine.message import Context, Inbound
    from engine.pipeline import plan

    loaded = load_all(home)
    now = time.time()
    context = Context(now=now, id=1, environment=loaded.installation.environment)
    found: dict[int, list[bytes]] = {}
    for path in sorted((home / "samples").rglob("*.hl7")):
        raw = outgoing(path.read_bytes())
        for channel in loaded.channels.values():
            port = getattr(channel.source.settings, "port", None)
            planned = plan(channel, Inbound(raw=raw, received_at=now), context)
            single = channel.source.kind == "mllp" and channel.collect is None
            if port and single and planned.verdict == "accepted":
                found.setdefault(port, []).append(raw)
    if not found:
        raise CommandError(
            f"no sample in {home} is accepted by a channel that listens for MLLP"
        )
    rounds = zip_longest(*([(port, raw) for raw in some] for port, some in found.items()))
    return [one for some in rounds for one in some if one is not None]


class Sender(threading.Thread):
    """Sends the programme over and over, each message under a number of its own, at a gentle rate."""

    def __init__(self, messages: Sequence[tuple[int, bytes]], rate: float) -> None:
        super().__init__(name="sender", daemon=True)
        self._messages, self._rate = messages, rate
        self.ending = threading.Event()
        self.answers: Counter[str] = Counter()
        self.trouble = ""

    def run(self) -> None:
        """Send until told to end; what goes wrong is kept in `trouble`."""
        lines = {port: MllpLine("127.0.0.1", port, 20.0) for port, _ in self._messages}
        number = 0
        try:
            while not self.ending.wait(1 / self._rate):
                port, raw = self._messages[number % len(self._messages)]
                number += 1
                self.answers[lines[port].ask(renumbered(raw, number)).word] += 1
        except OSError as error:
            self.trouble = f"cannot send: {error}"
        finally:
            for line in lines.values():
                line.__exit__()


def renumbered(raw: bytes, number: int) -> bytes:
    """
    A sample under another message number (MSH-10), so that it is no duplicate.

    >>> renumbered(b"MSH|^~.&|A|B|C|D|1||ADT^A08|OLD|P|2.5", 7)[:36]
    b'MSH|^~.&|A|B|C|D|1||ADT^A08|DEMO0007'
    """
    fields = raw.split(raw[3:4], 10)
    fields[9] = b"DEMO%04d" % number
    return raw[3:4].join(fields)


def scratch(folder: Path | None) -> Path:
    """Where the demo's home is made: the folder that was named, or .demo beside one's feet."""
    return (folder or Path.cwd() / ".demo").absolute()


def origin(home: Path) -> Path:
    """The channels that are shown: those of the home, or the ones Corridor ships."""
    return home if (home / "channels").is_dir() else Path(__file__).parents[2]
