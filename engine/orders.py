"""
What people order while the engine runs: one line of JSON in, one out, over a socket in the home (mode 0600).

Who may write to the home may order. Every order that changes something is kept as a row before it is obeyed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import CommandError, EngineError
from engine.store.sqlite import SqliteStore

#: Name of the socket in HOME/data.
SOCKET = "corridor.sock"
#: Longest order or answer, in bytes.
LONGEST = 16 * 1024 * 1024
#: Seconds a person waits for an answer.
PATIENCE = 60.0


class Ordered(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks of the engine."""

    verb: str
    arguments: dict[str, Any] = {}
    who: str = ""
    reason: str = ""


#: Obeys an order; CommandError where it cannot be done.
Obey = Callable[[Ordered], Awaitable[dict[str, Any]]]


@contextlib.contextmanager
def _address(home: Path) -> Iterator[str]:
    """The socket's path through an open folder: a home may be deeper than the 107 bytes a socket path can hold."""
    folder = os.open(home / "data", os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)


async def serve(home: Path, obey: Obey) -> asyncio.AbstractServer:
    """Listen for orders until the server is closed; a socket left behind by a crash is replaced."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
            if line:
                writer.write(msgspec.json.encode(await _answer(line, obey)) + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            pass  # the person left before the answer
        finally:
            writer.close()

    (home / "data" / SOCKET).unlink(missing_ok=True)
    line = socket.socket(socket.AF_UNIX)
    try:
        with _address(home) as address:
            line.bind(address)
            os.chmod(address, 0o600)  # before it listens, so that nobody else ever connects
        return await asyncio.start_unix_server(talk, sock=line, limit=LONGEST)
    except BaseException:
        line.close()
        raise


async def _answer(line: bytes, obey: Obey) -> dict[str, Any]:
    try:
        ordered = msgspec.json.decode(line, type=Ordered)
    except msgspec.DecodeError as error:
        return {"error": f"not an order: {error}"}
    try:
        return await obey(ordered)
    except EngineError as error:
        return {"error": str(error)}
    except Exception as error:
        return {"error": f"the engine could not do this ({type(error).__name__})"}


def send(
    home: Path,
    verb: str,
    arguments: dict[str, Any] | None = None,
    who: str = "",
    reason: str = "",
    patience: float = PATIENCE,
) -> dict[str, Any]:
    """Order something of the running engine and wait for its answer, `patience` seconds. CommandError when it does not run, or says no."""
    ordered = Ordered(verb=verb, arguments=arguments or {}, who=who or _user(), reason=reason)
    try:
        with _address(home) as address, socket.socket(socket.AF_UNIX) as line:
            line.settimeout(patience)
            line.connect(address)
            line.sendall(msgspec.json.encode(ordered) + b"\n")
            answer = b"".join(iter(lambda: line.recv(65536), b""))
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        raise CommandError(f"no engine runs in {home}; start it with: corridor run") from None
    except OSError as error:
        raise CommandError(f"the engine in {home} does not answer: {error}") from None
    said: dict[str, Any] = msgspec.json.decode(answer or b'{"error": "the engine ended"}')
    if "error" in said:
        raise CommandError(said["error"])
    return said


def running(home: Path) -> bool:
    """Whether an engine answers in this home."""
    try:
        with _address(home) as address, socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1.0)
            line.connect(address)
            return True
    except OSError:
        return False


def record(home: Path, action: str, what: str, who: str, reason: str = "") -> None:
    """Write an audit record: through the engine where one runs, else into the store itself."""
    if running(home):
        send(home, "audit", {"action": action, "what": what}, who, reason)
    else:
        asyncio.run(_record(home, action, what, who, reason))


async def _record(home: Path, action: str, what: str, who: str, reason: str) -> None:
    store = await SqliteStore.open(home, asyncio.get_running_loop(), time.time)
    try:
        await store.audit(who, action, what, reason, time.time())
    finally:
        await store.close()


def _user() -> str:
    return os.environ.get("SUDO_USER") or os.environ.get("USER") or f"uid {os.getuid()}"
