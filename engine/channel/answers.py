"""`answer:` of a source: the sender gets what a destination answered."""

from __future__ import annotations

from engine.channel import Answered, Link, Route
from engine.channel.binding import Binding
from engine.channel.grammar import ANSWER
from engine.channel.products import mapping_named, reads
from engine.channel.replies import ANSWERS
from engine.hints import meant, nearest
from engine.placed import Node, Record, Scalar
from engine.settings import Duration

_WRITE = "answer: {from: payer, within: 20s, otherwise: AE}"
_CODES = ("AE", "AR")


def answer(
    binding: Binding, node: Node | None, source: Link | None, routes: tuple[Route, ...]
) -> Answered | None:
    """What the source says under `answer`; None where nothing, or where mistakes were noted."""
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
    render = None
    if "render" in entries:
        render = mapping_named(binding, entries["render"])
        if render is not None:
            _check_render(binding, entries["render"], render.name, render.from_, from_, routes)
    if not all(sound) or len(binding.mistakes.found) > before:
        return None
    return Answered(from_=from_, within=float(within), otherwise=otherwise, render=render)


def _told(source: Link | None) -> str:
    return "503" if source is not None and source.kind == "http" else "AE"


def _otherwise(binding: Binding, node: Node | None, source: Link | None) -> str:
    """A code of HL7, or over HTTP a status."""
    word: str = binding.value(node, str, "otherwise", "")
    if source is None or node is None or not word:
        return word
    if source.kind == "http":
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


def _check_render(
    binding: Binding, node: Node, name: str, takes: str, from_: str, routes: tuple[Route, ...]
) -> None:
    """The mapping reads what the destination answers in."""
    route = next((each for each in routes if each.name == from_), None)
    if route is None or not isinstance(node, Scalar):
        return
    format = _answers_in(route)
    if format and not reads(takes, format):
        problem = f"the mapping '{name}' reads {takes}, but '{from_}' answers in {format}"
        binding.mistakes.add(node, problem)


def _answers_in(route: Route) -> str:
    """The format of a destination's answers."""
    if route.replies is not None and route.replies.format is not None:
        return str(getattr(route.replies.format, "__name__", "")).rpartition(".")[2]
    return ANSWERS.get(route.link.kind, "")
