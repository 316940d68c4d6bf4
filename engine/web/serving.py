"""The listener of the console: uvicorn in a process of its own."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import uvicorn

from engine.web.app import make
from engine.web.house import House

#: How often it looks whether the engine that started it is still there, in seconds.
LOOKED = 1.0


def serve(home: Path, parent: int = 0) -> None:
    """
    Serve the console of a home until SIGTERM; with `parent`, until that process is gone.

    ConfigError where config.yaml has mistakes, OSError where its address is taken.
    """
    house = House(home)
    settings = house.installation.console
    tls = settings.tls
    server = uvicorn.Server(
        uvicorn.Config(
            make(house),
            host=settings.host if safe(house) else "127.0.0.1",
            port=settings.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=2,
            limit_concurrency=400,
            h11_max_incomplete_event_size=64 * 1024,
            ssl_certfile=str(home / tls.certificate) if tls else None,
            ssl_keyfile=str(home / tls.key) if tls else None,
            ssl_keyfile_password=tls.password.reveal(home) if tls and tls.password else None,
        )
    )
    if parent:
        threading.Thread(target=_outlive, args=(server, parent), daemon=True).start()
    try:
        server.run()
    finally:
        house.close()


def safe(house: House) -> bool:
    """Whether other machines may reach it: there is an administrator, and what they type does not travel in clear text."""
    settings = house.installation.console
    return house.directory.begun() and (settings.tls is not None or settings.plaintext)


def address(home: Path) -> str:
    """Where people reach it: `http://127.0.0.1:8470`. ConfigError where config.yaml has mistakes."""
    house = House(home)
    try:
        settings = house.installation.console
        host = settings.host if safe(house) else "127.0.0.1"
        shown = "127.0.0.1" if host == "0.0.0.0" else host
        return f"{'https' if settings.tls else 'http'}://{shown}:{settings.port}"
    finally:
        house.close()


def _outlive(server: uvicorn.Server, parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOKED)
    server.should_exit = True
