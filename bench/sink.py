"""
A partner that takes everything: HTTP/1.1 with keep-alive, 200 to each POST. Loopback only.

Usage: python bench/sink.py PORT [PORT ...], one account for all ports. `GET /stats` tells total, unique and repeated ids (`LB` and ten digits) and the time of the
last one; `GET /reset` forgets.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time

import httptools
import uvloop

ID = re.compile(rb"LB\d{10}")
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK"


class Sink:
    """What arrived."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.total = 0
        self.ids: set[bytes] = set()
        self.last = 0.0

    def take(self, body: bytes) -> None:
        self.total += 1
        self.last = time.time()
        if (found := ID.search(body)) is not None:
            self.ids.add(found[0])

    def stats(self) -> bytes:
        return json.dumps(
            {"total": self.total, "unique": len(self.ids), "last": self.last}
        ).encode()


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.parser = httptools.HttpRequestParser(self)
        self.body = b""
        self.url = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self.url = url

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        answer = OK
        if self.url == b"/stats":
            stats = self.sink.stats()
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(stats), stats)
        elif self.url == b"/reset":
            self.sink.reset()
        else:
            self.sink.take(self.body)
        self.body = b""
        self.transport.write(answer)  # type: ignore[attr-defined]


async def main() -> None:
    sink = Sink()
    loop = asyncio.get_running_loop()
    for port in sys.argv[1:]:
        await loop.create_server(lambda: Connection(sink), "127.0.0.1", int(port))
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
