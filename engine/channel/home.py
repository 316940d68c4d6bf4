"""A home: config.yaml and every channel in it, with all mistakes of all files at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import msgspec

from engine import connectors
from engine.channel import Channel, across, envelopes
from engine.channel.bind import bind
from engine.channel.grammar import DEFAULTS, check_keys
from engine.channel.templates import Made, Templates
from engine.channel.written import Written, files, memories, read
from engine.errors import ConfigError, Mistake
from engine.hints import meant, nearest, written
from engine.installation import Installation
from engine.installation import load as load_installation
from engine.mapping import Expression, Mapping
from engine.mapping.shelf import Shelf
from engine.placed import Mistakes


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
    path: Path, home: Path, installation: Installation, mistakes: Mistakes
) -> Channel | None:
    """One channel, bound to the code it names; None where mistakes were noted. What is wrong between channels is not seen."""
    templates, unheard = Templates(home), Mistakes()
    said = read(path, home, mistakes, templates)
    if said is None:
        return None
    others = [read(each, home, unheard, templates) for each in files(home, unheard)]
    known = memories([said.record, *(each.record for each in others if each is not None)])
    mappings = _Mappings(Shelf(home, mistakes, known))
    return bind(said, home, installation, mistakes, find_mapping=mappings.find, memories=known)


def load_all(home: Path, lenient: bool = False) -> Home:
    """
    Everything in a home.

    ConfigError carries all mistakes of all files. With `lenient` the channels without mistakes
    are returned beside the mistakes of the others; ConfigError only where config.yaml is wrong.
    """
    mistakes = Mistakes()
    installation = load_installation(home, mistakes)
    if installation is not None:
        _check_config(installation, mistakes)
    broken = bool(mistakes.found)
    with _without_collecting():
        channels, broken_ones = _channels(
            home, installation or Installation(), mistakes, lenient
        )
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
    """
    What loading makes stays: looking through it for garbage meanwhile takes a quarter of the time.

    Frozen and thawed, all of it is old at once, and the next look at what is young passes over it.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.freeze()
            gc.unfreeze()
            gc.enable()


class _Mappings:
    """The mappings of a home, and which of them the channels use."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.used: set[str] = set()

    def find(self, name: str, zone: str, known: dict[str, Expression]) -> Mapping | None:
        self.used.add(name)
        return self.shelf.find(name, zone, known)

    def rest(self, installation: Installation) -> None:
        """Read those that no channel uses as well: a mistake in them is one, too."""
        for name in self.shelf.names():
            if name not in self.used | self.shelf.used and not name.startswith("."):
                self.shelf.find(name, installation.zone, {})


def _channels(
    home: Path, installation: Installation, mistakes: Mistakes, lenient: bool
) -> tuple[dict[str, Channel], set[str]]:
    """The channels without mistakes, and the names of the others."""
    templates = Templates(home)
    paths = files(home, mistakes)
    said = [read(path, home, mistakes, templates) for path in paths]
    there = {each.name: each for each in said if each is not None}
    known = memories(each.record for each in there.values())
    mappings = _Mappings(Shelf(home, mistakes, known))

    def bound(one: Written) -> Channel | None:
        return bind(
            one, home, installation, mistakes, find_mapping=mappings.find, memories=known
        )

    made = {name: bound(one) for name, one in there.items()}
    channels = {name: channel for name, channel in made.items() if channel is not None}
    stems = [path.stem for path in paths]
    roots = {name: each.record for name, each in there.items()}
    wrong = across.check(channels, roots, mistakes, stems)
    if not lenient:
        for unused in templates.unused(mistakes):
            bound(_of_template(unused))
        mappings.rest(installation)
    sound = {name: channel for name, channel in channels.items() if name not in wrong}
    return sound, set(stems) - set(sound)


def _of_template(made: Made) -> Written:
    return Written(name=made.template, file=made.file, record=made.record, content=made.content)


def _check_config(installation: Installation, mistakes: Mistakes) -> None:
    """What config.yaml says to parts of the engine that it does not know itself."""
    for record in installation.defaults.values():
        check_keys(record, DEFAULTS, mistakes)
    for partner in installation.partners.values():
        for kind, place in partner.keys.items():
            if kind not in connectors.names() and envelopes.has_one(kind):
                envelopes.compiled(kind, partner.entries[kind], mistakes)
            elif kind not in connectors.names():
                known = [*connectors.names(), *envelopes.names()]
                near = nearest(kind, known)
                problem = f"there is no connector and no envelope '{kind}'{meant(kind, known)}"
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
