"""The application asked in this process, without a socket: one request, one answer, streams cut after their beginning."""

from __future__ import annotations

import asyncio
import json as json_module
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from engine.people.directory import Directory
from engine.web.app import make
from engine.web.house import House

PASSWORD = "seven purple lanterns"
HOST = "127.0.0.1:8470"


class Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json_module.loads(self.body)

    @property
    def cookies(self) -> dict[str, str]:
        """Set-Cookie lines by the cookie's name."""
        lines = [value for key, value in self.headers if key == "set-cookie"]
        return {line.partition("=")[0]: line for line in lines}


class Asking:
    """A home with an administrator, `root`, and its application; no engine runs."""

    def __init__(self, home: Path, config: str = "console: {}\n") -> None:
        (home / "config.yaml").write_text(config)
        self.house = House(home)
        self.app = make(self.house)
        self.directory: Directory = self.house.directory
        self.scheme = "http"

    def close(self) -> None:
        self.house.close()

    def session(self, name: str) -> tuple[str, str]:
        """A fresh session of an account, without the cost of a password, and the word of its forms."""
        secret = self.directory._session_for(name)
        session = self.directory.session(secret)
        assert session is not None
        return secret, session.form

    async def __call__(
        self, method: str, path: str, *, cookie: str = "", token: str = "", word: str = "", host: str = HOST,
        form: dict[str, Any] | None = None, json: Any = None, body: bytes = b"", pieces: list[bytes] | None = None,
        headers: dict[str, str] | None = None, pause: float = 0.0,
    ) -> Answer:  # fmt: skip
        sent = {"host": host, **(headers or {})}
        if cookie:
            name = "__Host-corridor" if self.scheme == "https" else "corridor"
            sent["cookie"] = "; ".join(
                filter(None, (f"{name}={cookie}", sent.get("cookie", "")))
            )
        if token:
            sent["authorization"] = f"Bearer {token}"
        if form is not None:
            body = urlencode({**form, **({"form_word": word} if word else {})}).encode()
            sent.setdefault("content-type", "application/x-www-form-urlencoded")
        elif word:
            sent["x-form-word"] = word
        if json is not None:
            body = json_module.dumps(json).encode()
            sent.setdefault("content-type", "application/json")
        raw, _, query = path.partition("?")
        from urllib.parse import unquote

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": self.scheme,
            "path": unquote(raw), "raw_path": raw.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(key.lower().encode(), value.encode("latin-1")) for key, value in sent.items()],
            "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8470), "state": {},
        }  # fmt: skip
        return await self._run(scope, pieces if pieces is not None else [body], pause)

    async def _run(self, scope: dict[str, Any], pieces: list[bytes], pause: float) -> Answer:
        gone, left, got = asyncio.Event(), list(pieces), [0, [], b""]

        async def receive() -> dict[str, Any]:
            if left:
                await asyncio.sleep(pause)
                piece = left.pop(0)
                return {"type": "http.request", "body": piece, "more_body": bool(left)}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                got[0] = message["status"]
                got[1] = [(key.decode(), value.decode()) for key, value in message["headers"]]
            else:
                got[2] += message.get("body", b"")
                if ("content-type", "text/event-stream; charset=utf-8") in got[1]:
                    gone.set()

        await asyncio.wait_for(self.app(scope, receive, send), 30)
        return Answer(got[0], got[1], got[2])
