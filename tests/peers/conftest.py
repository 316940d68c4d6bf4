"""What others wrote for node: installed by `make peers`, which needs npm; where it is absent, tests are skipped with that reason."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.connectors.fhir.source.conftest import home  # noqa: F401 - a fixture

HERE = Path(__file__).parent
#: Seconds that one of their programs has.
WITHIN = 240.0


def asked(script: str, *arguments: str, content: bytes = b"") -> bytes:
    """What one of the programs here says; the test is skipped where node or its packages are absent."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    if not (HERE / "node_modules").is_dir():
        pytest.skip("their packages are not installed: make peers")
    done = subprocess.run(
        [node, str(HERE / script), *arguments],
        input=content,
        capture_output=True,
        timeout=WITHIN,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return done.stdout
