"""How tests are collected and told of: quickly, since every worker collects all of them."""

from __future__ import annotations

import gc
from collections.abc import Generator
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What collecting makes stays for the whole run: it is not looked through for garbage, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(700, 10, 100)  # to look through what is old takes a second
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that look at what is shipped stand together, at the beginning of one worker's part: few load it."""
    items.sort(key=lambda item: "shipped_home" not in getattr(item, "fixturenames", ()))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """What was left open in garbage that nobody came by yet is told with the last test, in each worker."""
    if nextitem is None:
        gc.collect()


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure() -> None:
    """Nothing more is looked for: pytest would five times, and Python again when it ends."""
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path,
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """A module without examples is not imported and searched for them."""
    collectors = yield
    if file_path.suffix == ".py" and b">>>" not in file_path.read_bytes():
        return [each for each in collectors if type(each) is pytest.Module]
    return collectors


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """A worker tells of a test once: not that it begins, nor of a setup or teardown that went well and quickly."""
    if not hasattr(item.config, "workerinput"):
        return None
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if report.when == "call" or not report.passed or report.duration > 0.1:
            item.ihook.pytest_runtest_logreport(report=report)
    return True
