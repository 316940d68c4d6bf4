"""Where things stand that a home names: the partners of config.yaml that are on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def loopback_partners(home: Path) -> dict[str, tuple[str, int]]:
    """Kind and port of every partner in config.yaml whose address is this machine."""
    from engine import placed
    from engine.placed import Mistakes

    path = home / "config.yaml"
    if not path.is_file():
        return {}
    node = placed.read(path.read_text("utf-8"), "config.yaml", Mistakes())
    written = placed.plain(node) if node is not None else None
    partners = written.get("partners") if isinstance(written, dict) else None
    found: dict[str, tuple[str, int]] = {}
    for name, links in partners.items() if isinstance(partners, dict) else ():
        for kind, settings in links.items() if isinstance(links, dict) else ():
            port = _port(settings)
            if kind in ("mllp", "http", "sftp", "fhir") and port:
                found[name] = (kind, port)
    return found


def addressed(home: Path) -> dict[tuple[str, str], str]:
    """By channel and destination, the partner on this machine that it sends to."""
    from engine.channel import load_all

    names = {port: name for name, (_, port) in loopback_partners(home).items()}
    return {
        (channel.name, route.name): names[port]
        for channel in load_all(home).channels.values()
        for route in channel.routes
        if (
            port := _port(
                {one: getattr(route.link.settings, one, "") for one in ("url", "host", "port")}
            )
        )
        in names
    }


def _port(settings: Any) -> int:
    """The port of a partner on loopback; 0 for any other."""
    if not isinstance(settings, dict):
        return 0
    url = urlsplit(str(settings.get("url") or ""))
    host = url.hostname or str(settings.get("host") or "")
    port = url.port or str(settings.get("port") or "0")
    return int(port) if host in _LOOPBACK and str(port).isdigit() else 0
