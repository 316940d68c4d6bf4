"""Parts of a channel in words, for people: when groups are released, when something is open."""

from __future__ import annotations

from engine.channel import Link, Release
from engine.hours import Hours

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def lasting(seconds: float) -> str:
    """
    A length of time as it is written.

    >>> lasting(259200.0), lasting(5400.0), lasting(0.5)
    ('3d', '90m', '500ms')
    """
    for size, unit in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{round(seconds * 1000)}ms"


def released(release: Release) -> str:
    """
    When a group is released, in words.

    >>> released(Release(quiet=259200.0, at=(120,), most=500))
    'after 3d without a new member, at 02:00, with 500 members'
    """
    said = []
    if release.when is not None:
        said.append(f"when {release.when.text}")
    if release.quiet:
        said.append(f"after {lasting(release.quiet)} without a new member")
    if release.latest:
        said.append(f"{lasting(release.latest)} after the first member")
    if release.at:
        said.append(f"at {', '.join(map(_clock, release.at))}")
    if release.most:
        said.append(f"with {release.most} members")
    return ", ".join(said)


def hours(found: Hours) -> str:
    """When something is open, in words."""
    spans = []
    for span in found.spans:
        days = ",".join(_DAYS[day] for day in sorted(span.days))
        spans.append(f"{days} {_clock(span.begins)}-{_clock(span.ends)}")
    return f"{', '.join(spans)} ({found.zone})"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def place(link: Link) -> str:
    """Where a connector receives or sends, in words, without what stands behind the `?` of an address."""
    settings = link.settings
    if url := str(getattr(settings, "url", "") or ""):
        return url.partition("?")[0].rpartition("@")[2] if "@" in url else url.partition("?")[0]
    host, port, path, folder = (
        str(said) if (said := getattr(settings, name, None)) not in (None, "") else ""
        for name in ("host", "port", "path", "folder")
    )
    address = f"{host}:{port}" if port else ""
    return " ".join(part for part in (address + path, folder) if part)
