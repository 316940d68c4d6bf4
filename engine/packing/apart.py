"""
A process apart with little memory, for work on what strangers sent: a message of kilobytes that becomes gigabytes ends in
that process and not in the engine, whose event loop goes on meanwhile.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import resource
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

import msgspec

from engine.errors import MessageError, Misconfigured

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
#: Bytes besides what the work itself needs.
_BESIDES = 256 * 1024 * 1024
_IN_USE = Path("/proc/self/statm")

_alone = threading.Lock()
_pool: ProcessPoolExecutor | None = None


class _Problem(msgspec.Struct, frozen=True):
    """What went wrong there, as it comes back."""

    ours: bool
    code: str
    why: str


def run(
    memory: int,
    work: Callable[Parameters, Result],
    *arguments: Parameters.args,
    **named: Parameters.kwargs,
) -> Result:
    """
    The work's result, made in the process apart with so many bytes of memory. Blocks: not for the loop.

    MessageError and Misconfigured as the work raises them; MessageError where it needs more memory or ends the process.
    """
    job = partial(_do, memory, partial(work, *arguments, **named))
    with _alone:
        try:
            found = _started().submit(job).result()
        except BrokenProcessPool:
            close()
            found = _Problem(False, "archive_too_large", "opening the file ended the process")
    if isinstance(found, _Problem):
        raise _raised(found)
    return found


def _raised(found: _Problem) -> Exception:
    if found.ours:
        return Misconfigured(found.code, found.why)
    return MessageError(found.code, found.why)


def _started() -> ProcessPoolExecutor:
    global _pool  # noqa: PLW0603 - one process for all channels
    if _pool is None:
        context = multiprocessing.get_context("spawn")
        _pool = ProcessPoolExecutor(max_workers=1, mp_context=context)
    return _pool


def close() -> None:
    """End the process; it is begun again when it is needed."""
    global _pool  # noqa: PLW0603 - one process for all channels
    pool, _pool = _pool, None
    if pool is not None:
        pool.shutdown(wait=False, cancel_futures=True)


# -- in the process ------------------------------------------------------------------------------------------


def _do(memory: int, work: Callable[[], Result]) -> Result | _Problem:
    try:
        with _limited(memory):
            return work()
    except MessageError as error:
        return _Problem(False, error.code, error.rule)
    except Misconfigured as error:
        return _Problem(True, error.status, error.detail)
    except MemoryError:
        return _Problem(False, "archive_too_large", "the file is too long when it is opened")


@contextlib.contextmanager
def _limited(memory: int) -> Iterator[None]:
    """Where the system does not tell what is in use (not Linux) there is no limit; the engine is still apart."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    if _IN_USE.exists():
        now = int(_IN_USE.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + _BESIDES + memory, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
