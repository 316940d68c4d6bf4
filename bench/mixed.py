"""
What others must not feel: python bench/mixed.py.

Care messages at a steady, gentle rate (2 connections) while (a) nothing else happens, (b) an admin channel is flooded over 32
connections without limit, (c) messages of 50 MB arrive. Tells the acknowledgement p99 of care and the loop's lag.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from run import HERE, SINK, engine, load, memory, running

CARE, ADMIN = 9193, 9192


def care(seconds: float, first: int) -> dict[str, float]:
    found: dict[str, float] = load(CARE, 2, seconds, first)
    return found


def document(number: int, size: int) -> bytes:
    head = f"MSH|^~\\&|SCAN|HOSP|CORRIDOR|HOSP|20260315101500||ORU^R01|DOC{number:07d}|P|2.5.1\rPID|1||{number}^^^HOSP^MR\r"
    return (
        b"\x0b"
        + (head + "OBX|1|ED|PDF||^application^pdf^Base64^").encode()
        + b"QUJD" * (size // 4)
        + b"\r\x1c\r"
    )


def send_documents(count: int, size: int, answers: list[bool]) -> None:
    with socket.create_connection(("127.0.0.1", ADMIN)) as line:
        for number in range(count):
            line.sendall(document(number, size))
            answer = b""
            while b"\x1c\r" not in answer:
                answer += line.recv(65536)
            answers.append(b"MSA|AA" in answer)


def lag(home: Path) -> dict[str, float]:
    words = [sys.executable, "-m", "engine.cli", "--home", str(home), "status", "--json"]
    told = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    found: dict[str, float] = (told.get("engine") or told)["loop_lag_ms"]
    return found


def main() -> None:
    with (
        running([sys.executable, str(HERE / "sink.py"), str(SINK)], SINK),
        engine(HERE / "mixed", CARE) as (process, home),
    ):
        care(1.0, 90_000_000)
        idle = care(8.0, 1)
        print(f"alone: care ACK p99 {idle['p99_ms']:.1f} ms, {idle['per_second']:.0f}/s")
        flood = threading.Thread(target=load, args=(ADMIN, 32, 9.0, 10_000_000))
        flood.start()
        time.sleep(0.5)
        busy = care(8.0, 1_000_000)
        flood.join()
        print(
            f"admin flooded: care ACK p99 {busy['p99_ms']:.1f} ms ({busy['p99_ms'] / idle['p99_ms']:.1f} times), {busy['per_second']:.0f}/s"
        )
        time.sleep(65)
        before = lag(home)
        answers: list[bool] = []
        documents = threading.Thread(target=send_documents, args=(10, 50_000_000, answers))
        documents.start()
        while documents.is_alive():
            during = care(2.0, 2_000_000 + int(time.time() * 1000) % 1_000_000)
        after = lag(home)
        print(
            f"ten of 50 MB: {sum(answers)} acknowledged, care ACK p99 {during['p99_ms']:.1f} ms,"
            f" loop lag p99 {after['p99']:.1f} ms (most {after['most']:.1f}; before {before['p99']:.1f}), {memory(process.pid):.0f} MB"
        )


if __name__ == "__main__":
    main()
