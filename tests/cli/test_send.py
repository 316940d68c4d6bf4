"""`send`: over real sockets, to listeners that answer as real ones do."""

from __future__ import annotations

import http.server
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.cli.send import acknowledged, split

A08 = "MSH|^~\\&|A|B|C|D|1||ADT^A08|{}|P|2.5\rPID|1||1\r"


class Mllp(socketserver.BaseRequestHandler):
    """Answers each frame with the next of the server's codes."""

    def handle(self) -> None:
        data = b""
        while chunk := self.request.recv(65536):
            data += chunk
            while b"\x1c\r" in data:
                frame, _, data = data.partition(b"\x1c\r")
                self.server.got.append(frame.lstrip(b"\x0b"))  # type: ignore[attr-defined]
                codes = self.server.codes  # type: ignore[attr-defined]
                code = codes.pop(0) if len(codes) > 1 else codes[0]
                if code == "close":
                    return
                answer = f"MSH|^~\\&|C|D|A|B|1||ACK|1|P|2.5\rMSA|{code}|1\rERR||PID^1^7|207|E||||not a date\r"
                self.request.sendall(b"\x0b" + answer.encode() + b"\x1c\r")


class Http(http.server.BaseHTTPRequestHandler):
    """Answers each POST with the next of the server's status codes."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.got.append(self.rfile.read(length))  # type: ignore[attr-defined]
        self.server.headers = dict(self.headers)  # type: ignore[attr-defined]
        codes = self.server.codes  # type: ignore[attr-defined]
        self.send_response(codes.pop(0) if len(codes) > 1 else codes[0])
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"said")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def listening(handler: type, codes: list[object]) -> Iterator[tuple[int, list[bytes]]]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.got, server.codes = [], codes  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1], server.got  # type: ignore[attr-defined]
        server.shutdown()


def test_files_and_folders_are_sent_and_summed_up(corridor, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for name in ("b.hl7", "a.hl7"):
        (folder / name).write_text(A08.format(name).replace("\r", "\n"), newline="")
    with listening(Mllp, ["AA"]) as (port, got):
        ran = corridor("send", folder, "--to", f"127.0.0.1:{port}")
    assert (ran.code, ran.out.startswith("2 sent in ")) == (0, True), ran
    assert ran.out.rstrip().endswith("2 AA")
    assert got == [A08.format(name).encode() for name in ("a.hl7", "b.hl7")]


def test_what_was_refused_is_named_with_place_and_rule(corridor, tmp_path: Path) -> None:
    (tmp_path / "a.hl7").write_text(A08.format(1) + A08.format(2) + A08.format(3), newline="")
    with listening(Mllp, ["AA", "AE", "AA"]) as (port, got):
        ran = corridor("send", tmp_path / "a.hl7", "--to", f"mllp://127.0.0.1:{port}")
    assert ran.code == 1
    assert ran.lines[0] == "a.hl7 [2]: AE PID^1^7 not a date"
    assert ran.lines[-1].endswith("2 AA, 1 AE")
    assert len(got) == 3


def test_nobody_who_answers_ends_with_3(corridor, tmp_path: Path) -> None:
    (tmp_path / "a.hl7").write_text(A08.format(1) + A08.format(2), newline="")
    with listening(Mllp, ["AA", "close"]) as (port, _):
        ran = corridor("send", tmp_path / "a.hl7", "--to", f"127.0.0.1:{port}")
    assert (ran.code, "1 sent" in ran.out, "does not answer" in ran.err) == (3, True, True)
    assert corridor("send", tmp_path / "a.hl7", "--to", "127.0.0.1:1").code == 3
    assert corridor("send", tmp_path / "missing.hl7", "--to", "127.0.0.1:1").code == 2
    assert corridor("send", tmp_path / "a.hl7", "--to", "ftp://x").code == 2


def test_messages_are_posted(corridor, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1}')
    with listening(Http, [202, 400]) as (port, got):
        to = f"http://127.0.0.1:{port}/in?x=1"
        ran = corridor(
            "send", tmp_path / "a.json", "--to", to, "--times", 2, "--header", "X-Key: y"
        )
    assert got == [b'{"a": 1}'] * 2
    assert ran.code == 1
    assert ran.lines[0] == "a.json: 400 said"
    assert ran.lines[-1].endswith("1 202, 1 400")


def test_a_rate_is_kept(corridor, tmp_path: Path) -> None:
    (tmp_path / "a.hl7").write_text(A08.format(1), newline="")
    with listening(Mllp, ["AA"]) as (port, _):
        to = f"127.0.0.1:{port}"
        ran = corridor("send", tmp_path / "a.hl7", "--to", to, "--times", 6, "--rate", 20)
    took = float(ran.out.split("sent in ")[1].split(" ")[0])
    assert "ms" in ran.out and 240 <= took < 900


def test_a_batch_is_sent_whole(tmp_path: Path) -> None:
    batch = "FHS|^~\\&|A\rBHS|^~\\&|A\r" + A08.format(1) + A08.format(2) + "BTS|2\rFTS|1\r"
    (tmp_path / "a.hl7").write_text(batch, newline="")
    assert [name for name, _ in split(tmp_path / "a.hl7")] == ["a.hl7"]


@pytest.mark.parametrize(
    ("answer", "word", "good"),
    [
        (b"MSH|^~\\&|\rMSA|AA|1\r", "AA", True),
        (b"MSH|^~\\&|\nMSA|CA|1\n", "CA", True),
        (b"MSH#^~\\&#\rMSA#AR#1#full\r", "AR", False),
        (b"nonsense", "no MSA", False),
        (b"", "no MSA", False),
    ],
)
def test_acknowledgements_are_read(answer: bytes, word: str, good: bool) -> None:
    said = acknowledged(answer)
    assert (said.word, said.good) == (word, good)
