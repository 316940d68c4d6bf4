"""The installation: `config.yaml`, what holds for the whole home."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from engine.convert import WRONG, Converter
from engine.placed import Mistakes, Record, read_file
from engine.settings import Duration, Port, Secret, Zone, check_clear_text, is_loopback
from engine.tls import ServerTls


class Sqlite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The embedded store."""

    bodies: Duration | None = None
    """How long the bodies of messages that are done with are kept, `90d`; what is known about them stays. None = for ever."""


class StoreChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which store keeps the messages."""

    sqlite: Sqlite = Sqlite()
    """Embedded, in the home itself."""


class Listen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for every listener that does not say otherwise."""

    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` = all addresses of the machine."""
    plaintext: bool = False
    """Allow these listeners to take messages from other machines without TLS: everything then travels in clear text."""


class Webhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where alerts are sent."""

    url: str = ""
    """Address that takes a JSON POST when an alert starts and when it clears; empty = only the log says so."""
    headers: dict[str, Secret] = {}
    """Headers to send with it, each by reference: `{Authorization: {env: ALERT_TOKEN}}`."""
    plaintext: bool = False
    """Allow http:// to another machine: alerts and these headers then travel in clear text."""

    def __post_init__(self) -> None:
        if not self.url:
            return
        if not re.match(r"https?://[^/]", self.url):
            raise ValueError("url is an address such as https://alerts.example.org/corridor")
        parts = urlsplit(self.url)
        if (
            parts.scheme == "http"
            and not self.plaintext
            and not is_loopback(parts.hostname or "")
        ):
            raise ValueError(
                "url: http:// to another machine sends everything in clear text; "
                "write https://, or plaintext: true if the network is trusted"
            )


class Logs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The log files."""

    folder: str = "logs"
    """Folder of the log files, relative to the home."""
    keep: Duration = Duration(30 * 86400)
    """How long a log file is kept."""


class Console(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The web console and the API."""

    run: bool = True
    """Whether `corridor run` serves them."""
    host: str = "127.0.0.1"
    """Address to listen on; others than this machine's own only once there is an administrator, and with `tls` or `plaintext`."""
    port: Port = 8470
    """TCP port."""
    tls: ServerTls | None = None
    """Encrypt; without it only this machine itself can reach the console."""
    plaintext: bool = False
    """Let other machines reach it without TLS: passwords and messages then travel in clear text."""
    address: str = ""
    """How people reach it from outside, `https://corridor.example.org`, for links in alerts; empty = alerts have no link."""

    def __post_init__(self) -> None:
        check_clear_text(self.host, self.plaintext or self.tls is not None)


class Installation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`config.yaml`: what holds for the whole home. Everything has a default; the file may be absent."""

    name: str = ""
    """What people call this installation."""
    environment: Literal["production", "test"] = "production"
    """Messages that say they are for another environment are refused."""
    zone: Zone = Zone("UTC")
    """Time zone of times that carry no offset, unless a channel says otherwise."""
    store: StoreChoice = StoreChoice()
    """Which store keeps the messages."""
    listen: Listen = Listen()
    """What holds for every listener that does not say otherwise."""
    partners: dict[str, Record] = {}
    """By name, the connector settings of a partner: `lab: {mllp: {host: 10.0.0.5, port: 2575, tls: {}}}`; a channel says `mllp: {partner: lab}`."""
    defaults: dict[Literal["care", "revenue", "supply", "admin"], Record] = {}
    """By class, what its destinations and alerts have where a channel says nothing: `care: {retry: {first_wait: 1s}, alerts: {queue_age: 5m}}`."""
    alerts: Webhook = Webhook()
    """Where alerts are sent."""
    logs: Logs = Logs()
    """The log files."""
    console: Console = Console()
    """The web console and the API."""


def load(home: Path, mistakes: Mistakes) -> Installation | None:
    """The home's `config.yaml`; all defaults where there is none, None where it has mistakes (they are noted)."""
    path = home / "config.yaml"
    if not path.exists():
        return Installation()
    node, _ = read_file(path, "config.yaml", mistakes)
    if node is None:
        return None
    value = Converter(mistakes).struct(node, Installation)
    return None if value is WRONG else value
