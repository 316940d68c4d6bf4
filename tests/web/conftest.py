"""A real engine with its console, in processes of their own, and a real browser."""

from __future__ import annotations

import http.server
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.people.directory import Directory
from tests.ports import free_port

PASSWORD = "seven purple lanterns"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""

CONFIG = """
name: test house
zone: America/Chicago
console: {{port: {console}}}
"""
CHARGES = """
description: Charges for billing
owner: revenue
class: revenue
tags: [billing]
source:
  mllp: {{port: {mllp}}}
format: hl7v2
keys:
  mrn: PID-3.1
transform: charges
destinations:
  billing:
    http: {{url: "http://127.0.0.1:{partner}/charges", timeout: 2s}}
    retry: {{first_wait: 200ms, longest_wait: 1s, attempts: 3}}
tests:
  - name: a charge passes
    given: samples/charge.hl7
    expect:
      verdict: accepted
"""
LAB = """
description: Results for the ward
owner: laboratory
class: care
tags: [lab]
source:
  mllp: {{port: {lab}}}
format: hl7v2
destinations:
  ward:
    file: {{folder: out, name: "ward.hl7"}}
"""
MAPPING = """
from: hl7v2
to: json
fields:
  control: MSH-10
  mrn: PID-3.1
  sex: PID-8 | table("sex")
"""


def message(control: str, mrn: str = "1", sex: str = "F", family: str = "SAMPLE") -> bytes:
    return (
        f"MSH|^~\\&|POU|OR|CORRIDOR|HOSP|20260315101500||DFT^P03|{control}|P|2.5.1\r"
        f"PID|1||{mrn}^^^HOSP^MR||{family}^TEST|||{sex}\r"
    ).encode()


class Partner:
    """Takes what is posted; `status` is what it answers."""

    def __init__(self) -> None:
        self.status, self.got = 201, list[bytes]()
        partner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                partner.got.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(partner.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Running:
    """`corridor run` with its console; accounts `root` (administrator) and one of each other role, all with PASSWORD."""

    def __init__(self, home: Path) -> None:
        self.home, self.partner = home, Partner()
        self.mllp, self.lab, self.console = free_port(), free_port(), free_port()
        ports = {"mllp": self.mllp, "lab": self.lab, "console": self.console}
        ports["partner"] = self.partner.port
        self.write("config.yaml", CONFIG.format(**ports))
        self.write("channels/charges.yaml", CHARGES.format(**ports))
        self.write("channels/lab.yaml", LAB.format(**ports))
        self.write("mappings/charges.yaml", MAPPING)
        self.write("mappings/tables/sex.csv", "ours,theirs\nF,female\nM,male\n")
        (home / "samples").mkdir()
        (home / "samples/charge.hl7").write_bytes(message("S1").replace(b"\r", b"\n"))
        self.url = f"http://127.0.0.1:{self.console}"
        self.directory = Directory(home)
        self.directory.add("root", PASSWORD, ["administrator"])
        for role in ("viewer", "support", "analyst", "steward", "auditor"):
            self.directory.add(role, PASSWORD, [role])
        self.directory.add("labnurse", PASSWORD, ["support"], ["lab"])
        self._clients: list[httpx.Client] = []
        self._process = self._begin()

    def write(self, name: str, text: str) -> None:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def _begin(self) -> subprocess.Popen[bytes]:
        environment = {k: v for k, v in os.environ.items() if k != "CORRIDOR_NO_CONSOLE"}
        command = [sys.executable, "-m", "engine.cli", "--home", str(self.home), "run"]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                httpx.get(self.url + "/sign-in", timeout=2)
                socket.create_connection(("127.0.0.1", self.mllp), 2).close()
            except (httpx.HTTPError, OSError):
                time.sleep(0.1)
            else:
                return process
        raise AssertionError("engine and console did not begin in time")

    def send(self, *messages: bytes, lab: bool = False) -> None:
        """Send by MLLP, and wait for each answer."""
        port = self.lab if lab else self.mllp
        with socket.create_connection(("127.0.0.1", port), 5) as line:
            for one in messages:
                line.sendall(b"\x0b" + one + b"\x1c\r")
                answer = b""
                while not answer.endswith(b"\x1c\r"):
                    answer += line.recv(65536)

    def signed_in(self, name: str = "root") -> httpx.Client:
        """A client with the session of an account."""
        client = self._kept(httpx.Client(base_url=self.url, timeout=20))
        form = {"name": name, "password": PASSWORD}
        assert client.post("/sign-in", data=form).status_code == 303
        return client

    def with_token(self, *roles: str) -> httpx.Client:
        """A client with a token of these roles."""
        secret = self.directory.tokens.issue("test", roles or ["administrator"], "root")
        headers = {"authorization": f"Bearer {secret}"}
        return self._kept(
            httpx.Client(base_url=self.url + "/api/v1", headers=headers, timeout=20)
        )

    def _kept(self, client: httpx.Client) -> httpx.Client:
        self._clients.append(client)
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)
        self.partner.close()
        self.directory.file.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One engine and console for the tests of a module."""
    made = Running(tmp_path_factory.mktemp("house"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    if not CHROMIUM:
        pytest.skip("there is no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def page(running: Running, browser: Any) -> Iterator[Any]:
    """A page on which `root` is signed in; the test fails where the browser reports an error or a refused script."""
    context = browser.new_context(base_url=running.url, viewport={"width": 1280, "height": 900})
    made, wrong = context.new_page(), list[str]()
    made.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    made.on("pageerror", lambda error: wrong.append(str(error)))
    sign_in(made, "root")
    yield made
    context.close()
    assert not wrong


def sign_in(page: Any, name: str) -> None:
    """Sign in by the form."""
    page.goto("/sign-in")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("button.main")
    page.wait_for_url(lambda url: "/sign-in" not in url)
