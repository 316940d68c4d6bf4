"""What a channel's destinations keep of the requests that come in, for a source that says what it can do."""

from __future__ import annotations

from engine.channel import Channel, Route


def kept(channel: Channel) -> frozenset[str]:
    """
    The interactions whose conditions reach a partner that decides them: the destination that answers, else any. Only what is
    certain for every message counts: nothing is made of the payload, and the destination takes all of them.
    """
    answer = channel.answer
    routes = [each for each in channel.routes if answer is None or each.name == answer.from_]
    found: frozenset[str] = frozenset()
    if channel.transforms or channel.collect is not None:
        return found
    for route in routes:
        found |= _of_route(route, channel.split)
    return found


def _of_route(route: Route, split: str) -> frozenset[str]:
    keeps = getattr(route.link.module, "keeps", None)
    certain = route.when is None and route.render is None and route.batch is None
    if keeps is None or not certain or route.of or route.envelope is not None:
        return frozenset()
    found: frozenset[str] = keeps(route.link.settings, split)
    return found
