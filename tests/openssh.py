"""A real OpenSSH server on loopback, for tests: made with its own keys in a folder of the test, ended with it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.ports import free_port

#: Where Debian, Red Hat and others put it; it is not on the PATH of users.
_PLACES = ("/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd")

CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
PidFile {folder}/pid
AuthorizedKeysFile {folder}/authorized
TrustedUserCAKeys {folder}/authority.pub
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
MaxStartups 100
Subsystem sftp internal-sftp
{more}
"""


def sshd() -> str:
    """The server's program; skips the test where there is none."""
    found = next((each for each in _PLACES if os.access(each, os.X_OK)), "")
    if not found or shutil.which("ssh-keygen") is None:
        pytest.skip("no OpenSSH server on this machine (Debian: openssh-server)")
    return found


def keygen(path: Path, *more: str, kind: str = "ed25519", passphrase: str = "") -> str:
    """Make a key pair; the public half."""
    path.unlink(missing_ok=True)
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", str(path)]
    subprocess.run([*command, *more], check=True, capture_output=True)
    return path.with_suffix(".pub").read_text().strip()


class OpenSsh:
    """One server. Whoever runs the tests logs in as himself."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self.folder, self.more = folder, more
        self.port = free_port()
        self.program = sshd()
        self.user = _me()
        self.host_key = keygen(folder / "host")
        (folder / "authorized").write_text(keygen(folder / "login") + "\n")
        keygen(folder / "authority")
        self.drop = folder / "drop"
        self.drop.mkdir()
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        text = CONFIG.format(port=self.port, folder=self.folder, more=self.more)
        (self.folder / "config").write_text(text)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # privilege separation wants it
        log = (self.folder / "log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [self.program, "-D", "-e", "-f", str(self.folder / "config")],
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            await asyncio.sleep(0.02)
        raise AssertionError((self.folder / "log").read_text())

    def kill(self) -> None:
        """The server and every connection it has, at once."""
        process, self._process = self._process, None
        if process is None:
            return
        for number in [*_below(process.pid), process.pid]:
            with_no_complaint(number)
        process.wait()

    def stand_still(self) -> None:
        """The server and every connection it has, until told to go on."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """After it stood still."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        for process in [*_below(self._process.pid), self._process.pid]:
            with_no_complaint(process, number)


def with_no_complaint(number: int, what: signal.Signals = signal.SIGKILL) -> None:
    try:
        os.kill(number, what)
    except ProcessLookupError:
        return


def _below(parent: int) -> list[int]:
    """The processes that one has started, and theirs."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == parent:
            number = int(place.parent.name)
            found += [*_below(number), number]
    return found


def _me() -> str:
    import pwd

    return pwd.getpwuid(os.geteuid()).pw_name
