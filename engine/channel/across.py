"""What is wrong between channels, though each is right by itself: one port twice, handing over to nobody or in a circle."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from engine.channel import Channel, Route
from engine.hints import meant, nearest
from engine.placed import Mistakes, Node, Place, Record

_EVERYWHERE = ("", "0.0.0.0", "::")


class _Step(msgspec.Struct, frozen=True, kw_only=True):
    """A message goes on to another channel: it is handed over, or the answer to it is."""

    to: str
    at: Node | Place
    """Where that is written."""
    key: str
    """`name` or `to`."""


def check(
    channels: Mapping[str, Channel],
    roots: Mapping[str, Record],
    mistakes: Mistakes,
    names: Collection[str] = (),
) -> set[str]:
    """
    Note the mistakes; the names of the channels that have them. `roots` are all channels as written, broken ones too;
    `names` besides are those whose files cannot be read.
    """
    known = sorted({*roots, *names})
    wrong = _ports(channels, roots, mistakes)
    wrong |= _handing_over(channels, roots, mistakes, known)
    wrong |= _expected(channels, roots, mistakes, known)
    return wrong | _acknowledged(channels, roots, mistakes, known)


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
    dials = getattr(settings, "connect", "") or getattr(settings, "dials", False)
    return 0 if dials else int(getattr(settings, "port", 0) or 0)


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
    channels: Mapping[str, Channel],
    roots: Mapping[str, Record],
    mistakes: Mistakes,
    known: list[str],
) -> set[str]:
    wrong: set[str] = set()
    steps: dict[str, list[_Step]] = {}
    for name in sorted(channels):
        for route in channels[name].routes:
            for step in _steps(roots[name], route):
                steps.setdefault(name, []).append(step)
                if _unknown(step, known, mistakes) or _takes_no_answers(
                    step, channels, mistakes
                ):
                    wrong.add(name)
    return wrong | _circles(steps, mistakes)


def _steps(root: Record, route: Route) -> list[_Step]:
    """Where a destination's messages go on to."""
    found = []
    if route.link.kind == "channel":
        to = str(route.link.settings.name)
        found.append(_Step(to=to, at=_inside(root, route.name, "channel", "name"), key="name"))
    if route.replies is not None and route.replies.to:
        at = _inside(root, route.name, "reply", "to")
        found.append(_Step(to=route.replies.to, at=at, key="to"))
    return found


def _unknown(step: _Step, known: list[str], mistakes: Mistakes) -> bool:
    if step.to in known:
        return False
    near = nearest(step.to, known)
    problem = f"there is no channel '{step.to}' to hand over to{meant(step.to, known)}"
    mistakes.add(step.at, problem, f"{step.key}: {near}" if near else "")
    return True


def _takes_no_answers(step: _Step, channels: Mapping[str, Channel], mistakes: Mistakes) -> bool:
    """Whether answers go to a channel that takes its messages from somewhere else."""
    target = channels.get(step.to)
    if step.key != "to" or target is None or target.source.kind == "channel":
        return False
    problem = f"the channel '{step.to}' takes its messages from {target.source.kind}, not from other channels"
    mistakes.add(step.at, problem, f"in {target.file}:\nsource: {{channel: {{}}}}")
    return True


def _circles(steps: Mapping[str, list[_Step]], mistakes: Mistakes) -> set[str]:
    """Each circle is told once, at the channel of it that comes first by name."""
    found: set[str] = set()
    for name in sorted(steps):
        for step in steps[name]:
            way = None if name in found else _way(steps, step.to, name)
            if way is not None:
                circle = " -> ".join((name, *way))
                mistakes.add(step.at, f"channels hand over in a circle: {circle}")
                found.update(way)
    return found


def _way(steps: Mapping[str, list[_Step]], start: str, goal: str) -> tuple[str, ...] | None:
    """The channels from one to another by handing over; None where no way leads there."""
    ways: list[tuple[str, ...]] = [(start,)]
    met = {start}
    while ways:
        way = ways.pop(0)
        if way[-1] == goal:
            return way
        for step in steps.get(way[-1], ()):
            if step.to not in met:
                met.add(step.to)
                ways.append((*way, step.to))
    return None


def _expected(
    channels: Mapping[str, Channel],
    roots: Mapping[str, Record],
    mistakes: Mistakes,
    known: list[str],
) -> set[str]:
    """Confirmations come on a channel that exists, in a key that it has."""
    wrong: set[str] = set()
    for name in sorted(channels):
        for route in channels[name].routes:
            expect = route.expect
            if expect is None:
                continue
            at = _inside(roots[name], route.name, "expect", "from")
            if expect.from_ not in known:
                near = nearest(expect.from_, known)
                problem = f"there is no channel '{expect.from_}' on which it could come{meant(expect.from_, known)}"
                mistakes.add(at, problem, f"from: {near}" if near else "")
                wrong.add(name)
                continue
            keys = _keys(roots.get(expect.from_))
            if keys is not None and expect.where not in keys:
                at = _inside(roots[name], route.name, "expect", "where")
                near = nearest(expect.where, keys)
                said = meant(expect.where, keys) or "; it has none"
                problem = f"the channel '{expect.from_}' has no key '{expect.where}'{said}"
                mistakes.add(at, problem, f"where: {near}" if near else "")
                wrong.add(name)
    return wrong


def _acknowledged(
    channels: Mapping[str, Channel],
    roots: Mapping[str, Record],
    mistakes: Mistakes,
    known: list[str],
) -> set[str]:
    """Acknowledgements come on a channel that exists and reads what they are written in."""
    wrong: set[str] = set()
    for name in sorted(channels):
        for route in channels[name].routes:
            expect = route.expect_ack
            if expect is None:
                continue
            target, problem, write = channels.get(expect.from_), "", ""
            if expect.from_ not in known:
                near = nearest(expect.from_, known)
                said = meant(expect.from_, known)
                problem = f"there is no channel '{expect.from_}' on which it could come{said}"
                write = f"from: {near}" if near else ""
            elif target is not None and target.format is not expect.format:
                wanted = expect.format.__name__.rpartition(".")[2]  # type: ignore[attr-defined]
                problem = f"the channel '{expect.from_}' reads {target.format_name}; the acknowledgement is {wanted}"
            if problem:
                at = _inside(roots[name], route.name, "expect_ack", "from")
                mistakes.add(at, problem, write)
                wrong.add(name)
    return wrong


def _keys(root: Record | None) -> list[str] | None:
    """The names of a channel's keys as written; None where they cannot be known."""
    if root is None:
        return None
    node = root.entries.get("keys")
    return list(node.entries) if isinstance(node, Record) else []


def _inside(root: Record, route: str, key: str, inner: str) -> Node | Place:
    """Where a destination says something, or what stands around it."""
    routes = root.entries["destinations"]
    assert isinstance(routes, Record)
    node = routes.entries[route]
    for each in (key, inner):
        if not isinstance(node, Record) or each not in node.entries:
            return node
        node = node.entries[each]
    return node
