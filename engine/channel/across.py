"""What is wrong between channels, though each is right by itself: one port twice, handing over to nobody or in a circle."""

from __future__ import annotations

from collections.abc import Mapping

from engine.channel import Channel
from engine.hints import meant, nearest
from engine.placed import Mistakes, Node, Place, Record

_EVERYWHERE = ("", "0.0.0.0", "::")


def check(
    channels: Mapping[str, Channel], roots: Mapping[str, Record], mistakes: Mistakes
) -> set[str]:
    """Note the mistakes; the names of the channels that have them. `roots` are all files as written, broken ones too."""
    return _ports(channels, roots, mistakes) | _handing_over(channels, roots, mistakes)


def _ports(
    channels: Mapping[str, Channel], roots: Mapping[str, Record], mistakes: Mistakes
) -> set[str]:
    wrong: set[str] = set()
    met: dict[int, list[Channel]] = {}
    for name in sorted(channels):
        channel = channels[name]
        port = _listens(channel)
        if not port:
            continue
        for other in met.get(port, ()):
            if _meet(channel, other):
                problem = f"port {port} is listened on by the channel '{other.name}' already"
                mistakes.add(
                    _port(roots[name], channel.source.kind),
                    problem,
                    f"port: {_free(channels, port)}",
                )
                wrong.add(name)
                break
        met.setdefault(port, []).append(channel)
    return wrong


def _listens(channel: Channel) -> int:
    settings = channel.source.settings
    return 0 if getattr(settings, "connect", "") else int(getattr(settings, "port", 0) or 0)


def _meet(one: Channel, other: Channel) -> bool:
    hosts = [str(getattr(channel.source.settings, "host", "")) for channel in (one, other)]
    return hosts[0] == hosts[1] or any(host in _EVERYWHERE for host in hosts)


def _free(channels: Mapping[str, Channel], port: int) -> int:
    taken = {_listens(channel) for channel in channels.values()}
    return next(each for each in range(port + 1, port + len(taken) + 2) if each not in taken)


def _port(root: Record, kind: str) -> Node | Place:
    """Where the port is written: the value, or else the connector (a partner's or a default port)."""
    source = root.entries.get("source")
    inside = source.entries.get(kind) if isinstance(source, Record) else None
    if isinstance(inside, Record) and "port" in inside.entries:
        return inside.entries["port"]
    return source.keys[kind] if isinstance(source, Record) and kind in source.keys else root


def _handing_over(
    channels: Mapping[str, Channel], roots: Mapping[str, Record], mistakes: Mistakes
) -> set[str]:
    wrong: set[str] = set()
    steps: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(channels):
        for route in channels[name].routes:
            if route.link.kind != "channel":
                continue
            target = str(route.link.settings.name)
            steps.setdefault(name, []).append((route.name, target))
            if target not in roots:
                problem = f"there is no channel '{target}' to hand over to{meant(target, list(roots))}"
                near = nearest(target, roots)
                mistakes.add(
                    _target(roots[name], route.name), problem, f"name: {near}" if near else ""
                )
                wrong.add(name)
    return wrong | _circles(steps, roots, mistakes)


def _circles(
    steps: Mapping[str, list[tuple[str, str]]], roots: Mapping[str, Record], mistakes: Mistakes
) -> set[str]:
    """Each circle is told once, at the channel of it that comes first by name."""
    found: set[str] = set()
    for name in sorted(steps):
        for route, target in steps[name]:
            way = None if name in found else _way(steps, target, name)
            if way is not None:
                circle = " -> ".join((name, *way))
                problem = f"channels hand over in a circle: {circle}"
                mistakes.add(_target(roots[name], route), problem)
                found.update(way)
    return found


def _way(
    steps: Mapping[str, list[tuple[str, str]]], start: str, goal: str
) -> tuple[str, ...] | None:
    """The channels from one to another by handing over; None where no way leads there."""
    ways: list[tuple[str, ...]] = [(start,)]
    met = {start}
    while ways:
        way = ways.pop(0)
        if way[-1] == goal:
            return way
        for _, target in steps.get(way[-1], ()):
            if target not in met:
                met.add(target)
                ways.append((*way, target))
    return None


def _target(root: Record, route: str) -> Node | Place:
    """Where a destination names the channel it hands over to."""
    routes = root.entries["destinations"]
    assert isinstance(routes, Record)
    node = routes.entries[route]
    inside = node.entries.get("channel", node) if isinstance(node, Record) else node
    if isinstance(inside, Record):
        return inside.entries.get("name", inside)
    return inside
