"""The listener: on the loopback until it is safe, TLS, connections that do not ask, sign-ins that take no thread from others."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from engine.people.directory import Directory
from engine.web import serving
from engine.web.house import House
from tests.ports import free_port
from tests.web.asking import PASSWORD

pytestmark = pytest.mark.slow

#: An address of this machine that is not the one of 127.0.0.1: who can reach it could be anywhere.
OTHER = "127.0.0.2"


@contextlib.contextmanager
def console(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "engine.cli", "--home", str(home), "console"],
        stdout=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(15)


def reachable(host: str, port: int, within: float = 15.0) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            socket.create_connection((host, port), 1).close()
            return True
        except OSError:
            time.sleep(0.1)
    return False


def test_it_listens_elsewhere_only_once_there_is_an_administrator(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "config.yaml").write_text(
        f"console: {{host: 0.0.0.0, plaintext: true, port: {port}}}\n"
    )
    directory = Directory(tmp_path)
    with console(tmp_path):
        assert reachable("127.0.0.1", port)
        assert not reachable(OTHER, port, 1.0)
        token = directory.invite()
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10)
        form = {"token": token, "name": "root", "password": PASSWORD}
        answer = client.post("/begin", data=form)
        assert answer.status_code == 303
        assert reachable(OTHER, port)
        assert client.get("/me").status_code == 200  # and it is still the same house
        client.close()
    directory.file.close()


def test_without_tls_or_a_waiver_config_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("console: {host: 0.0.0.0}\n")
    command = [sys.executable, "-m", "engine.cli", "--home", str(tmp_path), "console"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 1 and "plaintext" in ran.stdout + ran.stderr


def certificate(folder: Path) -> Path:
    """A certificate of 127.0.0.1 that signs itself, and its key beside it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "corridor test")])
    now = datetime.datetime.now(datetime.UTC)
    names = [
        x509.DNSName("localhost"),
        *(x509.IPAddress(ipaddress.ip_address(one)) for one in ("127.0.0.1", OTHER)),
    ]
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1)).add_extension(x509.SubjectAlternativeName(names), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True).sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "console.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "console.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return folder / "console.pem"


def test_tls_with_its_cookie_and_its_promise(tmp_path: Path) -> None:
    port = free_port()
    authority = certificate(tmp_path)
    (tmp_path / "config.yaml").write_text(
        f"console: {{host: 0.0.0.0, port: {port}, tls: {{certificate: console.pem, key: console.key}}}}\n"
    )
    directory = Directory(tmp_path)
    directory.add("root", PASSWORD, ["administrator"])
    with console(tmp_path):
        assert reachable(OTHER, port)
        context = ssl.create_default_context(cafile=str(authority))
        with httpx.Client(
            base_url=f"https://{OTHER}:{port}", verify=context, timeout=10
        ) as client:
            answer = client.post("/sign-in", data={"name": "root", "password": PASSWORD})
            assert answer.status_code == 303
            assert answer.headers["strict-transport-security"] == "max-age=31536000"
            assert "__Host-corridor" in answer.headers["set-cookie"]
            assert client.get("/me").status_code == 200
        old = ssl.create_default_context(cafile=str(authority))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with (
            pytest.raises(OSError),
            socket.create_connection(("127.0.0.1", port), 5) as line,
        ):
            old.wrap_socket(line, server_hostname="localhost")
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://127.0.0.1:{port}/sign-in", timeout=5)
    directory.file.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """A console in a thread of this process."""
    port = free_port()
    (tmp_path / "config.yaml").write_text(f"console: {{port: {port}}}\n")
    house = House(tmp_path)
    house.directory.add("root", PASSWORD, ["administrator"])
    server = uvicorn.Server(serving._config(house))
    sockets = serving._sockets(house.installation.console, True)
    thread = threading.Thread(target=server.run, args=(sockets,))
    thread.start()
    assert reachable("127.0.0.1", port)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(15)
    house.close()


def test_a_connection_that_does_not_ask_is_closed(
    monkeypatch: pytest.MonkeyPatch, served: str
) -> None:
    monkeypatch.setattr(serving, "HEAD_WITHIN", 0.4)
    host, _, port = served.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 10) as line:
        for _ in range(20):  # bytes that drip buy no time
            with contextlib.suppress(OSError):
                line.sendall(b"G")
            time.sleep(0.05)
        line.settimeout(3)
        with contextlib.suppress(ConnectionResetError):
            assert line.recv(1000) == b""


def test_a_head_that_does_not_end_is_refused(served: str) -> None:
    host, _, port = served.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 10) as line:
        line.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n")
        with contextlib.suppress(OSError):
            for _ in range(200):
                line.sendall(b"x: " + b"y" * 1000 + b"\r\n")
        answer = b""
        with contextlib.suppress(OSError):
            answer = line.recv(1000)
        assert answer == b"" or b" 400 " in answer or b" 431 " in answer


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: localhost\r\nhost: evil\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: localhost\r\nx: a\x00b\r\n\r\n",
    ],
)
def test_a_head_that_is_none_is_refused(served: str, head: bytes) -> None:
    host, _, port = served.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 10) as line:
        line.sendall(head)
        assert line.recv(12).startswith((b"HTTP/1.1 400", b"HTTP/1.1 421"))


@pytest.mark.alone
def test_a_hundred_sign_ins_at_once_leave_the_others_their_threads(served: str) -> None:
    statuses: list[int] = []

    def try_in(number: int) -> Any:
        form = {"name": f"nobody{number}", "password": "x" * 20}
        statuses.append(httpx.post(served + "/sign-in", data=form, timeout=60).status_code)

    with ThreadPoolExecutor(100) as pool:
        tried = [pool.submit(try_in, number) for number in range(100)]
        time.sleep(0.5)
        began = time.monotonic()
        assert httpx.get(served + "/live", timeout=30).status_code == 200
        assert httpx.get(served + "/sign-in", timeout=30).status_code == 200
        took = time.monotonic() - began
        for one in tried:
            one.result()
    assert set(statuses) == {
        401,
        503,
    }  # two at a time, forty wait, the rest are told to come again
    assert took < 3
