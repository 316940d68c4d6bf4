"""`send`: send files to a listener over MLLP or HTTP, and sum up what it answered."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

import typer

from engine.cli.app import CANNOT, FOUND, USAGE, Home, app, fail, here
from engine.cli.files import found
from engine.handling.outgoing import outgoing

#: Problems that are printed one by one; the rest are counted.
SHOWN = 20


class Answered(NamedTuple):
    """What one message was answered."""

    word: str
    """`AA`, `202`."""
    good: bool
    detail: str = ""


@app.command()
def send(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE|DIR...", help="What to send.")],
    *,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="WHERE",
            help="host:port (MLLP), mllps://host:port, URL, or a channel.",
        ),
    ],
    rate: Annotated[
        float, typer.Option("--rate", help="Messages per second; 0 = no limit.")
    ] = 0.0,
    times: Annotated[int, typer.Option("--times", help="Send everything this often.")] = 1,
    timeout: Annotated[
        float, typer.Option("--timeout", help="Seconds to wait for an answer.")
    ] = 30.0,
    ca: Annotated[
        Path | None, typer.Option("--ca", metavar="FILE", help="Trust this authority (TLS).")
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", metavar="FILE", help="Our certificate and key (TLS)."),
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", metavar="'NAME: VALUE'", help="HTTP header.")
    ] = None,
    home: Home = None,
) -> None:
    """Send files to a listener and sum up its answers."""
    from engine.cli.terminal import span

    tls = _Tls(ca, certificate)
    line = _line(_address(to, home), timeout, tls, header or [])
    messages = [message for path in found(paths) for message in split(path)]
    if not messages:
        raise fail("there is nothing to send", USAGE)
    words: Counter[str] = Counter()
    problems: list[str] = []
    start = time.monotonic()
    with line:
        for number, (name, raw) in enumerate(messages * times):
            _pace(start, number, rate)
            try:
                answered = line.ask(raw)
            except OSError as error:
                _sum_up(words, problems, span(time.monotonic() - start))
                raise fail(f"{name}: {to} does not answer: {_why(error)}", CANNOT) from None
            words[answered.word] += 1
            if not answered.good:
                problems.append(f"{name}: {answered.word} {answered.detail}".rstrip())
    _sum_up(words, problems, span(time.monotonic() - start))
    if problems:
        raise typer.Exit(FOUND)


def _why(error: OSError) -> str:
    return (
        "no answer in time" if isinstance(error, TimeoutError) else error.strerror or str(error)
    )


def _pace(start: float, number: int, rate: float) -> None:
    if rate > 0:
        time.sleep(max(0.0, start + number / rate - time.monotonic()))


def _sum_up(words: Counter[str], problems: list[str], took: str) -> None:
    from engine.cli.terminal import safe

    for problem in problems[:SHOWN]:
        print(safe(problem))
    if len(problems) > SHOWN:
        print(f"... and {len(problems) - SHOWN} more")
    said = ", ".join(f"{count} {safe(word)}" for word, count in words.most_common())
    print(f"{sum(words.values())} sent in {took}: {said or 'no answers'}")


def split(path: Path) -> Iterator[tuple[str, bytes]]:
    """
    The messages of a file with a name for each: several HL7 messages one after the other are several,
    a batch with its envelope is one.
    """
    raw = outgoing(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    starts = [match.start() for match in re.finditer(rb"(?:^|(?<=[\r\n]))MSH", raw)]
    if raw[:3] != b"MSH" or len(starts) < 2:
        yield path.name, raw
        return
    for number, (begin, end) in enumerate(zip(starts, [*starts[1:], len(raw)], strict=True), 1):
        yield f"{path.name} [{number}]", raw[begin:end]


def _address(to: str, home: Path | None) -> str:
    """A URL: as given, `host:port` as MLLP, or where a channel of this home listens."""
    if "://" in to:
        return to
    if re.fullmatch(r"[\w.-]+:\d+|\[[0-9a-fA-F:]+\]:\d+", to):
        return f"mllp://{to}"
    from engine.channel import load_all
    from engine.cli.running import find

    link = find(load_all(here(home), lenient=True), to).source
    port, host = (
        getattr(link.settings, "port", None),
        getattr(link.settings, "host", "127.0.0.1"),
    )
    if link.kind not in ("mllp", "http") or not port:
        raise fail(f"the channel {to} does not listen; it receives by {link.kind}", USAGE)
    secure = "s" if getattr(link.settings, "tls", None) is not None else ""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    return f"{link.kind}{secure}://{host}:{port}{getattr(link.settings, 'path', '')}"


class _Tls(NamedTuple):
    ca: Path | None
    certificate: Path | None

    def context(self) -> Any:
        import ssl

        context = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
        if self.certificate is not None:
            context.load_cert_chain(str(self.certificate))
        return context


def _line(url: str, timeout: float, tls: _Tls, headers: list[str]) -> MllpLine | HttpLine:
    parts = urlsplit(url)
    if parts.scheme in ("mllp", "mllps") and parts.hostname and parts.port:
        context = tls.context() if parts.scheme == "mllps" else None
        return MllpLine(parts.hostname, parts.port, timeout, context)
    if parts.scheme in ("http", "https") and parts.hostname:
        pairs = [header.partition(":") for header in headers]
        fields = {name.strip(): value.strip() for name, _, value in pairs}
        return HttpLine(url, timeout, tls.context, fields)
    raise fail(
        f"cannot send to {url}; write host:port, mllps://host:port, a URL or a channel", USAGE
    )


class MllpLine:
    """One MLLP connection: a message, its acknowledgement, the next message."""

    def __init__(self, host: str, port: int, timeout: float, tls: Any = None) -> None:
        self._place, self._timeout, self._tls = (host, port), timeout, tls
        self._socket: Any = None
        self._rest = b""

    def __enter__(self) -> MllpLine:
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket is not None:
            self._socket.close()

    def ask(self, raw: bytes) -> Answered:
        """Send one message and wait for its acknowledgement; OSError when there is none."""
        import socket

        if self._socket is None:
            plain = socket.create_connection(self._place, self._timeout)
            host = self._place[0]
            self._socket = (
                self._tls.wrap_socket(plain, server_hostname=host) if self._tls else plain
            )
        self._socket.sendall(b"\x0b" + raw + b"\x1c\r")
        return acknowledged(self._read())

    def _read(self) -> bytes:
        data = self._rest
        while b"\x1c" not in data:
            more = self._socket.recv(65536)
            if not more:
                raise ConnectionResetError(104, "the connection was closed without an answer")
            data += more
        answer, _, self._rest = data.partition(b"\x1c")
        return bytes(answer).lstrip(b"\x0b\r\n")


def acknowledged(answer: bytes) -> Answered:
    """
    What an HL7 acknowledgement says: MSA-1, and of ERR the place and the words.

    >>> acknowledged(b"MSH|^~\\\\&|a\\rMSA|AE|1\\rERR||PID^1^3|101|E||||missing\\r")
    Answered(word='AE', good=False, detail='PID^1^3 missing')
    """
    text = answer.decode("utf-8", "replace")
    separator = text[3:4] or "|"
    segments = {line[:3]: line.split(separator) for line in re.split(r"[\r\n]+", text)}
    accepted = segments.get("MSA", [])
    word = accepted[1] if len(accepted) > 1 else "no MSA"
    error = segments.get("ERR", [])
    said = [error[at] for at in (2, 8) if len(error) > at and error[at]]
    if not said and len(accepted) > 3:
        said = [accepted[3]]
    return Answered(word, word in ("AA", "CA"), " ".join(said))


class HttpLine:
    """One HTTP connection; each message is a POST."""

    def __init__(
        self, url: str, timeout: float, tls: Callable[[], Any], headers: dict[str, str]
    ) -> None:
        self._parts, self._timeout, self._tls, self._headers = (
            urlsplit(url),
            timeout,
            tls,
            headers,
        )
        self._connection: Any = None

    def __enter__(self) -> HttpLine:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def ask(self, raw: bytes) -> Answered:
        """Post one message; OSError when there is no answer."""
        from http.client import HTTPException

        connection = self._connected()
        path = self._parts.path or "/"
        target = f"{path}?{self._parts.query}" if self._parts.query else path
        try:
            connection.request("POST", target, raw, {**_kind(raw), **self._headers})
            response = connection.getresponse()
            body = response.read()
        except HTTPException as error:
            raise ConnectionResetError(
                104, f"not an HTTP answer ({type(error).__name__})"
            ) from None
        good = response.status < 300
        detail = "" if good else body[:300].decode("utf-8", "replace")
        return Answered(str(response.status), good, detail)

    def _connected(self) -> Any:
        from http.client import HTTPConnection, HTTPSConnection

        if self._connection is None:
            host, port = self._parts.hostname or "", self._parts.port
            if self._parts.scheme == "https":
                self._connection = HTTPSConnection(
                    host, port, timeout=self._timeout, context=self._tls()
                )
            else:
                self._connection = HTTPConnection(host, port, timeout=self._timeout)
        return self._connection


def _kind(raw: bytes) -> dict[str, str]:
    head = raw.lstrip()[:3]
    if head in (b"MSH", b"FHS", b"BHS"):
        return {"Content-Type": "x-application/hl7-v2+er7"}
    if head[:1] in (b"{", b"["):
        return {"Content-Type": "application/json"}
    return {"Content-Type": "application/xml" if head[:1] == b"<" else "text/plain"}
