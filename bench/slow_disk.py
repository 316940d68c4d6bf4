"""
The engine against the bare line on a disk whose every fsync takes 5 ms longer: python bench/slow_disk.py. Needs a C compiler.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from run import HERE, SINK, bare, corridor, running

SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
int fsync(int f) { static int (*real)(int); if (!real) real = dlsym(RTLD_NEXT, "fsync"); usleep(5000); return real(f); }
int fdatasync(int f) { static int (*real)(int); if (!real) real = dlsym(RTLD_NEXT, "fdatasync"); usleep(5000); return real(f); }
"""


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as scratch,
        running([sys.executable, str(HERE / "sink.py"), str(SINK)], SINK),
    ):
        library = Path(scratch) / "slow.so"
        source = library.with_suffix(".c")
        source.write_text(SHIM)
        subprocess.run(
            ["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"],
            check=True,
        )
        for connections in (1, 8, 32):
            runs: dict[str, list[dict[str, Any]]] = {"bare": [], "engine": []}
            os.environ["LD_PRELOAD"] = str(library)
            for name, run in (
                ("bare", bare),
                ("engine", corridor),
                ("engine", corridor),
                ("bare", bare),
            ):
                runs[name].append(run(connections, 4.0, 1))
            del os.environ["LD_PRELOAD"]
            rates = {
                name: statistics.median(run["rate"] for run in some)
                for name, some in runs.items()
            }
            p99 = statistics.median(run["p99_ms"] for run in runs["engine"])
            print(
                f"{connections} connections: bare {rates['bare']:.0f}/s, engine {rates['engine']:.0f}/s,"
                f" ratio {rates['engine'] / rates['bare']:.2f}, ACK p99 {p99:.1f} ms"
            )


if __name__ == "__main__":
    main()
