"""What is done of a large message outside the event loop: surveyed, planned chunk by chunk, compared with the last file."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

from engine import pipeline
from engine.channel import Channel
from engine.message import Body, Context, Inbound, Plan
from engine.planning import chunks, rejects
from engine.planning.chunks import Digests, blocks_of
from engine.planning.parts import is_whole
from engine.store import large
from engine.store.last_file import Keys, LastFile, keys_file, rejected
from engine.store.loading import Loading

#: Records of the last file that vanish in one chunk.
VANISH = 64


def survey(
    home: Path, channel: Channel, context: Context, inbound: Inbound, number: int, check: bool
) -> Plan:
    """Whether and how the message is taken apart; `number` is the store's of the channel."""
    keys = Keys(keys_file(home, context.id)) if is_whole(channel, inbound) else None
    blocks, close = blocks_of(inbound.raw)
    try:
        made = chunks.survey(channel, inbound, blocks, keys.met if keys else _unheard)
        if keys is not None:
            keys.close()
            with LastFile(home, number, keys_file(home, context.id)) as last:
                if made.load is not None:
                    made = chunks.stopped(channel, inbound, made, *last.counts())
        if check and made.load is not None:
            made = run(chunks.checked(channel, inbound, made, blocks, context, pipeline.plan))
        return made
    finally:
        close()


def chunk(
    home: Path,
    channel: Channel,
    context: Context,
    loading: Loading,
    number: int,
    ahead: dict[str, bytes],
    most: int,
) -> Plan:
    """The next chunk of a message; `ahead` are the digests of records that are on their way to the store."""
    with ExitStack() as stack:
        return run(steps(stack, home, channel, context, loading, number, ahead, most))


def steps(
    stack: ExitStack,
    home: Path,
    channel: Channel,
    context: Context,
    loading: Loading,
    number: int,
    ahead: dict[str, bytes],
    most: int,
) -> Generator[None, None, Plan]:
    """The same, step by step; `stack` lets go of what it reads."""
    blocks, close = blocks_of(loading.inbound.raw)
    stack.callback(close)
    digests = _digests(stack, home, channel, loading, number, ahead)
    return chunks.chunk(channel, loading, blocks, context, pipeline.plan, digests, most)


def skipped(
    home: Path, channel: Channel, loading: Loading, number: int, ahead: dict[str, bytes]
) -> Plan:
    """The chunk of the one part that ends the planning process."""
    with ExitStack() as stack:
        blocks, close = blocks_of(loading.inbound.raw)
        stack.callback(close)
        digests = _digests(stack, home, channel, loading, number, ahead)
        why = "planning this record ended its process"
        return chunks.skipped(channel, loading, blocks, digests, why)


def _digests(
    stack: ExitStack,
    home: Path,
    channel: Channel,
    loading: Loading,
    number: int,
    ahead: dict[str, bytes],
) -> Digests | None:
    if not is_whole(channel, loading.inbound):
        return None
    last = stack.enter_context(LastFile(home, number))
    return lambda keys: {**last.digests(keys), **ahead}


def run(planning: Generator[None, None, Plan]) -> Plan:
    """What the steps come to."""
    while True:
        try:
            next(planning)
        except StopIteration as ended:
            made: Plan = ended.value
            return made


def _unheard(key: str | None) -> None:
    """Nobody asks for keys."""


def gone(
    home: Path, channel: Channel, loading: Loading, number: int
) -> list[tuple[str, bytes]]:
    """The next records (key and bytes) that the last file had and this one has not; none = that was all."""
    if not is_whole(channel, loading.inbound):
        return []
    path = keys_file(home, loading.message)
    if not path.exists():
        _met_again(path, channel, loading)
    with LastFile(home, number, path) as last:
        return last.vanished(loading.position.decode(), VANISH) if last.sure() else []


def _met_again(path: Path, channel: Channel, loading: Loading) -> None:
    """The keys of a file whose list was lost."""
    keys = Keys(path)
    blocks, close = blocks_of(loading.inbound.raw)
    try:
        channel.format.survey(blocks, channel.reading, channel.split, keys.met)
    finally:
        close()
    keys.close()


def returned(home: Path, channel: Channel, loading: Loading) -> Body:
    """What is sent back of the rejected parts of a message (`of: rejects`)."""
    found = rejects.parts(rejected(home, loading.message))
    return large.written(home, rejects.body(channel, found))
