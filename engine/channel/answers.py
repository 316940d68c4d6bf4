"""`answer:` of a source: the sender gets what a destination answered."""

from __future__ import annotations

from engine.channel import Answered, Link, Route
from engine.channel.binding import Binding
from engine.channel.grammar import ANSWER
from engine.channel.products import chain, reads
from engine.channel.replies import ANSWERS, named_format
from engine.formats import Format
from engine.hints import meant, nearest
from engine.mapping import Mapping
from engine.placed import Items, Node, Record
from engine.settings import Duration

_WRITE = "answer: {from: payer, within: 20s, otherwise: AE}"
_CODES = ("AE", "AR")
#: Sources whose senders are told a status of HTTP.
_STATUSES = ("http", "fhir")


def answer(
    binding: Binding, node: Node | None, source: Link | None, routes: tuple[Route, ...]
) -> Answered | None:
    """What the source says under `answer`; None where nothing, or where mistakes were noted."""
    if node is None:
        _check_asks(binding, source)
    said = binding.group(node, ANSWER, _WRITE)
    if said is None:
        return None
    entries = said.entries
    if source is not None and source.kind not in ANSWERS:
        problem = f"nobody waits for an answer where messages come from {source.kind}"
        binding.mistakes.add(said, problem)
    before = len(binding.mistakes.found)
    sound = [
        binding.needed(
            said, ANSWER, "from", "the destination whose answer it is", "from: payer"
        ),
        binding.needed(said, ANSWER, "within", "how long the sender waits", "within: 20s"),
        binding.needed(
            said,
            ANSWER,
            "otherwise",
            "what the sender is told when no answer came in time",
            f"otherwise: {_told(source)}",
        ),
    ]
    within = binding.value(entries.get("within"), Duration, "within", Duration(0))
    from_ = binding.value(entries.get("from"), str, "from", "")
    otherwise = _otherwise(binding, entries.get("otherwise"), source)
    if from_:
        _check_from(binding, entries["from"], from_, routes)
    route = next((each for each in routes if each.name == from_), None)
    chains = _transforms(binding, said, from_, route)
    if not all(sound) or len(binding.mistakes.found) > before:
        return None
    return Answered(
        from_=from_,
        within=float(within),
        otherwise=otherwise,
        transforms=chains,
        format=_format(binding, route) if chains else None,
    )


def _check_asks(binding: Binding, source: Link | None) -> None:
    """What can be asked of a source only a destination can answer."""
    asks = getattr(source.settings, "asks", ()) if source is not None else ()
    place = binding.get("source")
    if asks and place is not None:
        problem = f"'{asks[0]}' is answered by a destination, and there is no 'answer'"
        binding.mistakes.add(
            place, problem, "answer: {from: registry, within: 10s, otherwise: 504}"
        )


def _told(source: Link | None) -> str:
    return "503" if source is not None and source.kind in _STATUSES else "AE"


def _otherwise(binding: Binding, node: Node | None, source: Link | None) -> str:
    """A code of HL7, or over HTTP a status."""
    word: str = binding.value(node, str, "otherwise", "")
    if source is None or node is None or not word:
        return word
    if source.kind in _STATUSES:
        right = word.isdigit() and 400 <= int(word) <= 599
        problem = f"'{word}' is no status that tells a sender of a failure; over HTTP it is one from 400 to 599"
    else:
        right = word in _CODES
        problem = f"'{word}' is none of {', '.join(_CODES)}"
    if not right:
        binding.mistakes.add(node, problem, f"otherwise: {_told(source)}")
    return word


def _check_from(binding: Binding, node: Node, name: str, routes: tuple[Route, ...]) -> None:
    written = binding.get("destinations")
    names = list(written.entries) if isinstance(written, Record) else []
    if name not in names:
        near = nearest(name, names)
        problem = f"there is no destination '{name}' in this channel{meant(name, names)}"
        binding.mistakes.add(node, problem, f"from: {near}" if near else "")
        return
    route = next((each for each in routes if each.name == name), None)
    if route is not None and route.link.kind not in ANSWERS:
        problem = f"no answer comes from '{name}', whose connector is {route.link.kind}"
        binding.mistakes.add(node, problem)
    elif route is not None and route.batch is not None:
        problem = f"what '{name}' gets waits in a batch; nobody answers in time"
        binding.mistakes.add(node, problem)


def _transforms(
    binding: Binding, said: Record, from_: str, route: Route | None
) -> tuple[tuple[Mapping, ...], ...]:
    """What makes the reply of the answer: `transform`, or one mapping under `render`, which was its name before."""
    key = "transform" if "transform" in said.entries else "render"
    node = said.entries.get(key)
    if node is None:
        return ()
    if key == "transform" and "render" in said.entries:
        problem = "'transform' says already what is made of the answer"
        binding.mistakes.add(said.keys["render"], problem)
    items = node.items if isinstance(node, Items) else (node,)
    if not items:
        binding.mistakes.add(node, "the name of a mapping stands here", f"{key}: rsp_to_bundle")
    chains = tuple(chain(binding, item, "") for item in items)
    format = _answers_in(route) if route is not None else ""
    for item, steps in zip(items, chains, strict=True):
        first = item.entries.get("use", item) if isinstance(item, Record) else item
        if steps and format and not reads(steps[0].from_, format):
            problem = f"the mapping '{steps[0].name}' reads {steps[0].from_}, but '{from_}' answers in {format}"
            binding.mistakes.add(first, problem)
    return chains


def _format(binding: Binding, route: Route | None) -> Format | None:
    """How the answer is read."""
    if route is None:
        return None
    if route.replies is not None and route.replies.format is not None:
        return route.replies.format
    return named_format(binding, None, ANSWERS.get(route.link.kind, "")) or None


def _answers_in(route: Route) -> str:
    """The format of a destination's answers."""
    if route.replies is not None and route.replies.format is not None:
        return str(getattr(route.replies.format, "__name__", "")).rpartition(".")[2]
    return ANSWERS.get(route.link.kind, "")
