"""A home: config.yaml and every channel in it, with all mistakes of all files at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import msgspec

from engine import connectors, mapping, settings
from engine.channel import Channel, across
from engine.channel.bind import bind
from engine.channel.binding import FindMapping
from engine.channel.grammar import DEFAULTS, check_keys
from engine.errors import ConfigError, Mistake
from engine.hints import meant, nearest, written
from engine.mapping import Mapping
from engine.placed import Mistakes, Place, Record
from engine.settings import Installation


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """A folder with `config.yaml`, `channels/`, `mappings/` and `samples/`, loaded."""

    folder: Path
    installation: Installation
    channels: dict[str, Channel]
    """By name, in the order of the alphabet."""
    release: str
    """Hash of everything that was read."""
    mistakes: tuple[Mistake, ...] = ()
    """What is wrong with the channels that are not among them; always empty unless loaded leniently."""
    broken: frozenset[str] = frozenset()
    """The channels that have a file but are not among them, by their own mistake or that of a mapping they use."""


def load(
    path: Path,
    home: Path,
    installation: Installation,
    mistakes: Mistakes,
    find_mapping: FindMapping | None = None,
) -> Channel | None:
    """One channel, bound to the code it names; None where mistakes were noted. What is wrong between channels is not seen."""
    find = find_mapping or _Mappings(home, mistakes).find
    return bind(path, home, installation, mistakes, find_mapping=find)[0]


def load_all(home: Path, lenient: bool = False) -> Home:
    """
    Everything in a home.

    ConfigError carries all mistakes of all files. With `lenient` the channels without mistakes
    are returned beside the mistakes of the others; ConfigError only where config.yaml is wrong.
    """
    mistakes = Mistakes()
    installation = settings.load(home, mistakes)
    if installation is not None:
        _check_config(installation, mistakes)
    broken = bool(mistakes.found)
    with _without_collecting():
        mappings = _Mappings(home, mistakes)
        channels, broken_ones = _channels(home, installation or Installation(), mappings)
        if not lenient:
            mappings.rest(installation or Installation())
    if mistakes.found and (broken or not lenient):
        raise ConfigError(mistakes.found)
    return Home(
        folder=home,
        installation=installation or Installation(),
        channels=channels,
        release=_release(home, channels),
        mistakes=ConfigError(mistakes.found).mistakes,
        broken=frozenset(broken_ones),
    )


@contextmanager
def _without_collecting() -> Iterator[None]:
    """What loading makes stays; looking through it for garbage meanwhile takes a quarter of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class _Mappings:
    """Compiled mappings by name and zone, each compiled once."""

    def __init__(self, home: Path, mistakes: Mistakes) -> None:
        self.home, self.mistakes = home, mistakes
        self.found: dict[tuple[str, str], Mapping | None] = {}

    def find(self, name: str, zone: str) -> Mapping | None:
        key = (name, zone)
        if key not in self.found:
            self.found[key] = mapping.load(name, self.home, self.mistakes, zone)
        return self.found[key]

    def rest(self, installation: Installation) -> None:
        """Read those that no channel uses as well: a mistake in them is one, too."""
        used = {name for name, _ in self.found}
        for path in sorted((self.home / "mappings").glob("*.yaml")):
            if path.stem not in used and not path.name.startswith("."):
                self.find(path.stem, installation.zone)


def _channels(
    home: Path, installation: Installation, mappings: _Mappings
) -> tuple[dict[str, Channel], set[str]]:
    """The channels without mistakes, and the names of the others."""
    find, mistakes = mappings.find, mappings.mistakes
    channels: dict[str, Channel] = {}
    roots: dict[str, Record] = {}
    paths = _files(home, mistakes)
    for path in paths:
        channel, root = bind(path, home, installation, mistakes, find_mapping=find)
        if root is not None:
            roots[path.stem] = root
        if channel is not None:
            channels[channel.name] = channel
    wrong = across.check(channels, roots, mistakes)
    sound = {name: channel for name, channel in channels.items() if name not in wrong}
    return sound, {path.stem for path in paths} - set(sound)


def _files(home: Path, mistakes: Mistakes) -> list[Path]:
    """The channels' files; one that was meant to be a channel and is not taken for one is a mistake."""
    folder = home / "channels"
    for path in sorted(folder.glob("*.yml")):
        place = Place(file=path.relative_to(home).as_posix(), line=1, column=1)
        problem = "a channel's file ends in .yaml; this one is not read"
        mistakes.add(place, problem, f"channels/{path.stem}.yaml")
    return sorted(path for path in folder.glob("*.yaml") if not path.name.startswith("."))


def _check_config(installation: Installation, mistakes: Mistakes) -> None:
    """What config.yaml says to parts of the engine that it does not know itself."""
    for record in installation.defaults.values():
        check_keys(record, DEFAULTS, mistakes)
    for partner in installation.partners.values():
        for kind, place in partner.keys.items():
            known = connectors.names()
            if kind not in known:
                near = nearest(kind, known)
                problem = f"there is no connector '{kind}'{meant(kind, known)}"
                shown = written(partner.entries[kind])
                mistakes.add(place, problem, f"{near}: {shown}" if near and shown else "")


def _release(home: Path, channels: dict[str, Channel]) -> str:
    digest = blake2b(digest_size=8)
    config = home / "config.yaml"
    if config.exists():
        digest.update(config.read_bytes())
    for name in sorted(channels):
        digest.update(f"{name}={channels[name].release};".encode())
    return digest.hexdigest()
