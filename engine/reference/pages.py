"""The pages of the reference that are not tables of settings: states, errors, HTTP, functions, entities, commands."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import engine
from engine import canonical, errors
from engine.mapping import functions as language
from engine.message import TRANSITIONS, State, Verdict
from engine.reference import schemas
from engine.reference.docstrings import member_comments
from engine.reference.reasons import reasons
from engine.reference.tables import table
from engine.wire import http_status

#: What moves a delivery from one state to another, in words.
MOVES: dict[tuple[State, State], str] = {
    (State.QUEUED, State.SENDING): "its turn has come",
    (State.QUEUED, State.DISCARDED): "a person gives it up",
    (State.SENDING, State.DELIVERED): "the partner accepted it",
    (State.SENDING, State.QUEUED): "nothing was handed over, or it may be sent again",
    (State.SENDING, State.UNCERTAIN): "it may have arrived; the policy says hold",
    (State.SENDING, State.REFUSED): "the partner said no",
    (State.UNCERTAIN, State.QUEUED): "to be sent again under the same key",
    (State.UNCERTAIN, State.DELIVERED): "a person found that it had arrived",
    (State.UNCERTAIN, State.REFUSED): "the engine died on it twice",
    (State.UNCERTAIN, State.DISCARDED): "a person gives it up",
    (State.REFUSED, State.QUEUED): "a person sends it again",
    (State.REFUSED, State.DISCARDED): "a person gives it up",
}


def states() -> str:
    """Verdicts of messages and states of deliveries, drawn from `message.TRANSITIONS`."""
    lines = ["# Verdicts and states", "", "## The verdict of a message", ""]
    lines += [inspect.getdoc(Verdict) or "", "", "| verdict | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {text} |" for name, text in member_comments(Verdict)]
    lines += ["", "## The state of a delivery", "", inspect.getdoc(State) or "", ""]
    lines += ["| state | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {text} |" for name, text in member_comments(State)]
    lines += ["", "```mermaid", "stateDiagram-v2", "    [*] --> queued"]
    for state, following in TRANSITIONS.items():
        for after in sorted(following):
            lines.append(f"    {state} --> {after}: {MOVES[state, after]}")
        if not following:
            lines.append(f"    {state} --> [*]")
    return "\n".join([*lines, "```", ""])


def error_codes() -> str:
    """The tree of errors, and every reason code."""
    lines = ["# Errors and reason codes", "", "Errors are named by who acts next.", ""]
    lines += ["```text", (errors.__doc__ or "").strip(), "```", ""]
    lines += [
        "## Reason codes",
        "",
        "What a quarantined message, a refused message or a trail names as its reason.",
    ]
    lines += [
        "Where the rule has `...`, the engine names a field or a limit there, never a value.",
        "",
    ]
    lines += ["| code | rule | from |", "|---|---|---|"]
    folder = Path(engine.__file__).parent
    for code, rule, module in reasons(folder):
        lines.append(f"| `{code}` | {rule.replace('|', chr(92) + '|')} | `{module}` |")
    return "\n".join([*lines, ""])


def http() -> str:
    """What the status of a partner's answer means."""
    lines = [
        "# HTTP status",
        "",
        "What a partner's answer means, unless the destination's `reply:` rules say otherwise.",
    ]
    lines += [
        "An exact status goes before its class.",
        "",
        "| status | outcome | meaning |",
        "|---|---|---|",
    ]
    for status, (kind, means) in http_status.TABLE.items():
        outcome = "accepted" if kind is None else f"`{kind.__name__}`"
        lines.append(f"| {status} | {outcome} | {means} |")
    return "\n".join([*lines, ""])


def functions() -> str:
    """Every function of the expression language."""
    lines = [
        "# Functions",
        "",
        "What a pipe may hand a value to. A function of nothing gives nothing; what it cannot",
    ]
    lines += [
        "read stops the message with a reason, where `otherwise=` may be given another value is taken.",
        "",
    ]
    lines += ["| function | meaning | example |", "|---|---|---|"]
    for _, signature, meaning, example in language.reference():
        shown = _plainly(example)
        cells = (f"`{signature}`", meaning, f"`{shown}`" if shown else "")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, ""])


def _plainly(example: str) -> str:
    """A doctest as an analyst would write it."""
    for pattern, by in (
        (r"Decimal\('([^']*)'\)", r"\1"),
        (r'Decimal\("?([^")]*)"?\)', r"\1"),
        (r're2\.compile\(r?("[^"]*")\)', r"\1"),
        (r"\bstr\((\w+\((?:[^()]|\([^()]*\))*\))\)", r"\1"),
    ):
        example = re.sub(pattern, by, example)
    return example


def entities() -> str:
    """Every canonical entity, field by field."""
    lines = ["# Canonical entities", "", (inspect.getdoc(canonical) or "").strip(), ""]
    for name in canonical.names():
        entity, module = canonical.load(name), canonical.module(name)
        lines += [f"## {name}", "", f"{entity.__doc__} {inspect.getdoc(module)}", ""]
        link = f"[{schemas.file_name(name)}]({schemas.file_name(name)})"
        lines += [f"Version {module.VERSION}; JSON Schema: {link}", "", *table(entity), ""]
        lines += ["```json", canonical.example(name).strip(), "```", ""]
    return "\n".join(lines)


def commands(app: Any) -> str:
    """The command line, from the typer application itself."""
    import typer  # noqa: PLC0415  (kept off the paths that need no command line)

    root = typer.main.get_command(app)
    lines = [
        "# Command line",
        "",
        (root.help or "").strip(),
        "",
        "```text",
        "corridor COMMAND ...",
        "```",
        "",
    ]
    for name in sorted(root.commands):  # type: ignore[attr-defined]
        lines += _command(name, root.commands[name])  # type: ignore[attr-defined]
    return "\n".join(lines)


def _command(name: str, command: Any) -> list[str]:
    if hasattr(command, "commands"):
        inner = sorted(command.commands.items())
        return [line for word, each in inner for line in _command(f"{name} {word}", each)]
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and not p.hidden]
    usage = " ".join(
        ["corridor", name, *(p.make_metavar(_context(command)) for p in arguments)]
    )
    lines = [f"## {name}", "", inspect.cleandoc(command.help or ""), "", f"`{usage}`", ""]
    if options:
        lines += ["| option | meaning |", "|---|---|"]
        for option in options:
            words = ", ".join(f"`{word}`" for word in (*option.opts, *option.secondary_opts))
            lines.append(f"| {words} | {option.help or ''} |")
        lines.append("")
    return lines


def _context(command: Any) -> Any:
    import click  # noqa: PLC0415

    return click.Context(command)
