"""The listener of the console: uvicorn in a process of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from engine.installation import Console
from engine.tls import server_context
from engine.web.app import make
from engine.web.house import House

#: How often it looks whether the engine that started it is still there, and whether others may reach it now, in seconds.
LOOKED = 1.0
#: Seconds in which the head of a request has to come, and most bytes of it.
HEAD_WITHIN, LONGEST_HEAD = 20.0, 32 * 1024

#: The engine comes first where both want the processor (see nice(2)).
NICE = 10

_LOOPBACK = "127.0.0.1"


def serve(home: Path, parent: int = 0) -> None:
    """
    Serve the console of a home until SIGTERM; with `parent`, until that process is gone.

    It listens on the loopback address until other machines may reach it, and then, in the same process, where config.yaml
    says. ConfigError where config.yaml has mistakes, OSError where its address is taken.
    """
    os.nice(NICE)
    house = House(home)
    try:
        while _Listener(house, parent).run():
            pass
    finally:
        house.close()


class _Listener:
    """One run of the server."""

    def __init__(self, house: House, parent: int) -> None:
        self._house, self._parent, self._safe = house, parent, safe(house)
        self._again = self._over = False
        self._server = uvicorn.Server(_config(house))

    def run(self) -> bool:
        """Serve; whether it is to begin again elsewhere."""
        watch = threading.Thread(target=self._watch, daemon=True)
        watch.start()
        try:
            self._server.run(_sockets(self._house.installation.console, self._safe))
        finally:
            self._over = True
            watch.join()
        return self._again

    def _watch(self) -> None:
        while not self._over:
            time.sleep(LOOKED)
            if self._parent and os.getppid() != self._parent:
                self._again, self._server.should_exit = False, True
            elif not self._safe and safe(self._house):
                self._again = self._server.should_exit = True
                return


def _config(house: House) -> uvicorn.Config:
    tls = house.installation.console.tls
    return uvicorn.Config(
        make(house),
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
        limit_concurrency=400,
        h11_max_incomplete_event_size=LONGEST_HEAD,
        ssl_context_factory=(lambda *_: server_context(tls, house.home)) if tls else None,
    )


def _sockets(settings: Console, reachable: bool) -> list[socket.socket]:
    """Where it listens; beside an address of the network on the loopback too, where it began."""
    hosts = [_LOOPBACK]
    if reachable and settings.host not in ("localhost", _LOOPBACK):
        wide = settings.host in ("0.0.0.0", "::")
        hosts = [settings.host] if wide else [settings.host, _LOOPBACK]
    made: list[socket.socket] = []
    try:
        for host in hosts:
            found = socket.getaddrinfo(host, settings.port, type=socket.SOCK_STREAM)[0]
            made.append(socket.create_server(found[4][:2], family=found[0], backlog=256))
    except BaseException:
        for one in made:
            one.close()
        raise
    return made


class _Protocol(H11Protocol):
    """HTTP/1.1 that closes a connection whose request does not come: its place is for others."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self._patience()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        super().data_received(data)
        self._patience()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        if self._late is not None:
            self._late.cancel()
        super().connection_lost(exc)

    def _patience(self) -> None:
        """Bytes of a head that is not whole yet do not buy more time."""
        waits = self.conn.their_state is h11.IDLE
        if waits and self._late is None:
            loop = asyncio.get_running_loop()
            self._late = loop.call_later(HEAD_WITHIN, self._close_late)
        elif not waits and self._late is not None:
            self._late.cancel()
            self._late = None

    def _close_late(self) -> None:
        self._late = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()


def safe(house: House) -> bool:
    """Whether other machines may reach it: there is an administrator, and what they type does not travel in clear text."""
    settings = house.installation.console
    return house.directory.begun() and (settings.tls is not None or settings.plaintext)


def address(home: Path) -> str:
    """Where people reach it: `http://127.0.0.1:8470`. ConfigError where config.yaml has mistakes."""
    house = House(home)
    try:
        settings = house.installation.console
        host = settings.host if safe(house) else _LOOPBACK
        shown = _LOOPBACK if host == "0.0.0.0" else host
        return f"{'https' if settings.tls else 'http'}://{shown}:{settings.port}"
    finally:
        house.close()
