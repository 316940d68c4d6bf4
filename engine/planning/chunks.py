"""
A large message taken apart in chunks, each planned and kept by itself. Pure but for reading the body block by block.

    survey    a look at the whole before anything of it counts: whether it is kept at all, and what is known of it
    chunk     the next parts, planned, and the position behind them
    vanished  records of the last file that this one has not, as parts
    ended     the last step
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from hashlib import blake2b

import msgspec

from engine.channel import Channel
from engine.effects import Kept, Load, Step
from engine.message import Body, Context, Inbound, Plan, Spooled, Verdict
from engine.planning.failures import failed
from engine.planning.overlay import Overlaid
from engine.planning.parts import Piece, apart, is_let_through, is_whole, planned
from engine.planning.routing import FACT, Planner
from engine.planning.way import way_of
from engine.reading import Blocks, Part
from engine.rows.snapshot import too_much
from engine.store.loading import Loading

#: Parts and bytes of one chunk; what is left out because it did not change counts as little.
PARTS, BYTES, LOOKED_AT = 64, 1024 * 1024, 4096
#: Parts that are planned in one go where the event loop plans them.
AT_ONCE = 16

#: The digests of these keys in the last file.
Digests = Callable[[Sequence[str]], Mapping[str, bytes]]


def in_chunks(channel: Channel, inbound: Inbound) -> bool:
    """Whether a message is taken apart in chunks: large ones, those that replace the last one, and where rejects go back."""
    if not channel.split or getattr(channel.format, "parted_blocks", None) is None:
        return False
    if not getattr(channel.format, "in_blocks", _always)(channel.split):
        return False
    if channel.acknowledges or (inbound.facts is not None and FACT in inbound.facts):
        return False
    large = isinstance(inbound.raw, Spooled)
    return large or channel.sends_back or is_whole(channel, inbound)


def _always(by: str) -> bool:
    return True


def blocks_of(raw: Body) -> tuple[Blocks, Callable[[], None]]:
    """A body to be read in blocks, and what lets go of it. OSError where its file is gone."""
    if isinstance(raw, bytes):
        return Blocks(size=len(raw), read=lambda at, most: raw[at : at + most]), lambda: None
    file = open(raw.path, "rb", buffering=0)  # noqa: SIM115 - whoever asks lets go of it

    def read(at: int, most: int) -> bytes:
        file.seek(at)
        found = [file.read(most)]
        while (left := most - sum(map(len, found))) and (more := file.read(left)):
            found.append(more)
        return b"".join(found)

    return Blocks(size=raw.size, read=read), file.close


def survey(
    channel: Channel, inbound: Inbound, blocks: Blocks, met: Callable[[str | None], None]
) -> Plan:
    """Split, with what is to be known at every part; quarantined where the format says that it cannot be taken apart."""
    raw = inbound.raw
    digest = raw.digest if isinstance(raw, Spooled) else blake2b(raw, digest_size=16).digest()
    try:
        found = channel.format.survey(blocks, channel.reading, channel.split, met)
    except Exception as error:
        return failed(channel, error, digest)
    count = f"{found.parts} records" if found.parts != 1 else "1 record"
    return Plan(
        verdict=Verdict.SPLIT,
        kind="batch",
        summary=f"{count}, one by one" if found.parts else "taken apart",
        digest=digest,
        release=channel.release,
        load=Load(known=found.known, parts=found.parts, way=way_of(channel)),
    )


def stopped(
    channel: Channel, inbound: Inbound, surveyed: Plan, known: int, missing: int
) -> Plan:
    """The plan of a message in which too much of the last one would vanish; the one surveyed where that is not so, or meant."""
    stop_at = channel.reading.layout.snapshot.stop_at
    if missing * 100 <= stop_at * known or is_let_through(inbound):
        return surveyed
    return failed(channel, too_much(stop_at), surveyed.digest)


def checked(
    channel: Channel,
    inbound: Inbound,
    surveyed: Plan,
    blocks: Blocks,
    context: Context,
    planner: Planner,
) -> Generator[None, None, Plan]:
    """
    The plan of a message of which no part may fail (`on_part: quarantine_message`): all are planned once before the first
    one counts. Yields now and then, so that others may do something.
    """  # fmt: skip
    assert surveyed.load is not None
    memory = None if context.memory is None else Overlaid(context.memory, context.now)
    number, known = 0, surveyed.load.known
    parting = channel.format.parted_blocks(blocks, channel.reading, channel.split, known, b"")
    for number, part in enumerate(parting, 1):
        made = planned(
            channel, inbound, _piece(inbound, part), _numbered(context, number, memory), planner
        )
        if made.verdict is Verdict.QUARANTINED:
            return msgspec.structs.replace(
                made, detail=f"part {number}: {made.detail}", digest=surveyed.digest, unique=None,
                part_raw=b"", part_facts=None,
            )  # fmt: skip
        if memory is not None:
            memory.lay(made)
        if number % AT_ONCE == 0:
            yield
    return surveyed


def chunk(
    channel: Channel,
    loading: Loading,
    blocks: Blocks,
    context: Context,
    planner: Planner,
    digests: Digests | None,
    most: int = PARTS,
) -> Generator[None, None, Plan]:
    """
    The next parts of a message, planned, with the step that keeps them. `digests` where the channel's files replace each
    other. Yields now and then, so that others may do something.
    """
    inbound = loading.inbound
    memory = None if context.memory is None else Overlaid(context.memory, context.now)
    chosen = _Chosen(channel, loading, blocks, digests, most)
    plans: list[Plan] = []
    for number, part in chosen.parts():
        numbered = _numbered(context, number, memory)
        made = planned(channel, inbound, _piece(inbound, part), numbered, planner)
        plans.append(made)
        if memory is not None:
            memory.lay(made)
        if len(plans) % AT_ONCE == 0:
            yield
    return _of_chunk(channel, loading, chosen, plans)


def skipped(
    channel: Channel, loading: Loading, blocks: Blocks, digests: Digests | None, why: str
) -> Plan:
    """The chunk of the next part alone, which nobody can plan: quarantined, so that the others go on."""
    chosen = _Chosen(channel, loading, blocks, digests, 1)
    plans = []
    for _, part in chosen.parts():
        digest = blake2b(part.raw, digest_size=16).digest()
        made = Plan(
            verdict=Verdict.QUARANTINED,
            reason="engine_error",
            detail=why,
            owner=channel.owner,
            digest=digest,
            release=channel.release,
            part_raw=part.raw,
            part_facts=_piece(loading.inbound, part).facts,
        )
        plans.append(made)
    return _of_chunk(channel, loading, chosen, plans)


def _of_chunk(channel: Channel, loading: Loading, chosen: _Chosen, plans: list[Plan]) -> Plan:
    step = Step(
        begin=loading.position,
        end=b"" if chosen.over else chosen.position,
        next=1 if chosen.over else 0,
        unchanged=chosen.unchanged,
        kept=tuple(chosen.kept),
    )
    parts = apart(channel, plans, loading.met + chosen.unchanged)
    return Plan(verdict=Verdict.SPLIT, parts=parts, release=channel.release, step=step)


class _Chosen:
    """The parts of one chunk: those that follow, without those that are as they were."""

    def __init__(
        self,
        channel: Channel,
        loading: Loading,
        blocks: Blocks,
        digests: Digests | None,
        most: int,
    ) -> None:
        self._loading, self._digests, self._most = loading, digests, most
        self._parting = channel.format.parted_blocks(
            blocks, channel.reading, channel.split, loading.known, loading.position
        )
        layout = channel.reading.layout
        self._only_changed = digests is not None and layout.snapshot.only_changed
        self.position, self.over = loading.position, False
        self.unchanged = 0
        self.kept: list[Kept] = []
        self._met: dict[str, bytes] = {}
        """Of this very chunk."""

    def parts(self) -> Iterator[tuple[int, Part]]:
        """With their numbers in the message."""
        taken = looked = 0
        while taken < self._most and looked < LOOKED_AT and not self.over:
            some = self._some(self._most - taken)
            known = self._known(some)
            for part in some:
                looked += 1
                digest = b"" if part.key is None else blake2b(part.raw, digest_size=16).digest()
                if part.key is not None and known.get(part.key) == digest:
                    self.unchanged += 1
                    continue
                if part.key is not None and self._digests is not None:
                    self.kept.append(Kept(taken, part.key, digest))
                    known[part.key] = self._met[part.key] = digest
                yield self._loading.met + looked, part
                taken += 1

    def _some(self, most: int) -> list[Part]:
        some: list[Part] = []
        size = 0
        for part in self._parting:
            some.append(part)
            size += len(part.raw)
            if len(some) >= most or size >= BYTES:
                break
        else:
            self.over = True
        self.position = self._parting.position()
        return some

    def _known(self, some: Sequence[Part]) -> dict[str, bytes]:
        if not self._only_changed:
            return {}
        assert self._digests is not None
        found = self._digests([part.key for part in some if part.key is not None])
        return {**found, **self._met}


def vanished(
    channel: Channel,
    loading: Loading,
    gone: Sequence[tuple[str, bytes]],
    context: Context,
    planner: Planner,
) -> Plan:
    """Records of the last file that this one has not (key and bytes of then), as parts."""
    inbound = loading.inbound
    facts = {**(inbound.facts or {}), "vanished": "true"}
    memory = None if context.memory is None else Overlaid(context.memory, context.now)
    plans: list[Plan] = []
    for number, (_, raw) in enumerate(gone, loading.met + loading.vanished + 1):
        piece = Piece(raw=raw, facts=facts)
        made = planned(channel, inbound, piece, _numbered(context, number, memory), planner)
        plans.append(made)
        if memory is not None:
            memory.lay(made)
    step = Step(
        begin=loading.position,
        end=gone[-1][0].encode(),
        phase=1,
        next=1,
        gone=tuple(key for key, _ in gone),
    )
    parts = apart(channel, plans, loading.met + loading.vanished)
    return Plan(verdict=Verdict.SPLIT, parts=parts, release=channel.release, step=step)


def ended(channel: Channel, loading: Loading, parts: tuple[Plan, ...], at: float) -> Plan:
    """The last step, with what is made of the whole."""
    step = Step(begin=loading.position, end=b"", phase=1, next=2, count=False, at=at)
    return Plan(verdict=Verdict.SPLIT, parts=parts, release=channel.release, step=step)


def _piece(inbound: Inbound, part: Part) -> Piece:
    return Piece(raw=part.raw, facts={**(inbound.facts or {}), "line": str(part.line)})


def _numbered(context: Context, number: int, memory: Overlaid | None) -> Context:
    return msgspec.structs.replace(context, part=f".{number}", memory=memory)
