"""What YAML does behind an analyst's back: its errors said in words that name the line and what to write."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import yaml

CUT = "inside {...} and [...] a comma ends a value; an expression that has one stands on a line of its own"

#: line, column (from 1), what is wrong, what to write instead
Explained = tuple[int, int, str, str]

_KEY = re.compile(r"^(\s*(?:- )?)([\w.()*\"'-]+(?:\[[^\]]*\])?[\w.()-]*):\s+(.*)$")
#: Values that may stand in one another.
DEPTH = 100
#: What may begin collections at the beginning of a line.
_LEAD = re.compile(r"^[ ?-]+", re.MULTILINE)
_TEXTS = re.compile(r'"(?:[^"\\]|\\.)*"')
_TEXTS_AND_BRACKETS = re.compile(_TEXTS.pattern + "|[()]")
_OWN = {
    "*": "a star",
    "&": "an ampersand",
    "!": "an exclamation mark",
    "%": "a percent sign",
    "@": "an at sign",
    "`": "a backtick",
    "|": "a pipe",
    ">": "a greater-than sign",
    "[": "a bracket",
    "{": "a brace",
    '"': "a quoted text",
    "'": "a quoted text",
}


def explain(text: str, error: yaml.YAMLError) -> Explained:
    """Where the mistake stands and how to mend it, for any error that reading YAML may raise."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return _control_character(text)
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.splitlines() or [""]
    problem, context = error.problem or "", error.context or ""
    if (tab := _tab(lines, line)) is not None:
        return tab
    if "quoted scalar" in context:
        return _quoted(error, problem, lines)
    if "flow" in context:
        return _flow(error, text, lines)
    if "single document" in context:
        return line + 1, 1, "one file holds one document; '---' begins a second one", ""
    return _block(lines, min(line, len(lines) - 1), column, problem)


class Cut(NamedTuple):
    """The beginning of an expression that YAML cut into several values at its commas."""

    number: int
    key: str
    """Empty in a list."""
    value: yaml.ScalarNode
    write: str


def uncut(values: list[Any], lines: list[str]) -> tuple[list[Any], list[Cut]]:
    """What stands in `{...}` or `[...]` without the rests of expressions, and those of which there are rests."""
    kept: list[Any] = []
    cut: list[Cut] = []
    depth = 0
    for entry in values:
        parts = entry if isinstance(entry, tuple) else (entry,)
        opened = sum(map(_opened, parts))
        if depth > 0:
            depth += opened
            continue
        kept.append(entry)
        mark = parts[-1].start_mark
        if opened > 0 and (whole := closed(lines[mark.line][mark.column :])):
            depth = opened
            key = str(parts[0].value) if len(parts) == 2 else ""
            write = f"{key}: {whole}" if key else f"- {whole}"
            cut.append(Cut(len(kept) - 1, key, parts[-1], write))
    return kept, cut


def _opened(node: yaml.Node) -> int:
    """How many brackets a plain value opens and does not close; negative where it closes more."""
    if not isinstance(node, yaml.ScalarNode) or node.style:
        return 0
    bare = _TEXTS.sub("", node.value)
    return int(bare.count("(") - bare.count(")"))


def closed(text: str) -> str:
    """The text up to the bracket that closes its first one; empty where none does."""
    depth = 0
    for found in _TEXTS_AND_BRACKETS.finditer(text):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if found[0] == ")" and not depth:
            return text[: found.end()]
    return ""


def too_deep(text: str, loader: Any) -> Any:
    """The mark where values stand too deep in one another; None where nowhere. Composing calls itself for each."""
    lead = max(map(len, _LEAD.findall(text)), default=0)
    if text.count("[") + text.count("{") + lead <= DEPTH:  # nearly always
        return None
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            return event.start_mark
    return None


def block(key: str, value: str) -> str:
    """A value in the form that hides it from YAML: a folded block on a line of its own."""
    return f"{key}: >-\n  {value}"


def _control_character(text: str) -> Explained:
    for number, line in enumerate(text.split("\n"), 1):
        for column, character in enumerate(line, 1):
            if not (character.isprintable() or character in "\t\r"):
                return number, column, "a control character stands here; take it out", ""
    return 1, 1, "a character stands in the file that text does not have", ""


def _tab(lines: list[str], line: int) -> Explained | None:
    for at in (line, line - 1):
        if not 0 <= at < len(lines):
            continue
        indentation = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        if "\t" in indentation:
            column = indentation.index("\t") + 1
            problem = "a tab stands in the indentation, where YAML takes spaces only"
            return at + 1, column, problem, indentation.replace("\t", "  ") + lines[at].strip()
    return None


def _quoted(error: yaml.MarkedYAMLError, problem: str, lines: list[str]) -> Explained:
    mark = error.context_mark or error.problem_mark
    assert mark is not None
    if "escape" in problem and error.problem_mark is not None:
        at = error.problem_mark
        rest = lines[mark.line][mark.column + 1 :].rpartition('"')[0]
        problem = "in double quotes a backslash begins an escape; in single quotes it is itself"
        return at.line + 1, at.column + 1, problem, f"'{rest}'"
    return mark.line + 1, mark.column + 1, "the quote that opens here is never closed", ""


def _flow(error: yaml.MarkedYAMLError, text: str, lines: list[str]) -> Explained:
    start = error.context_mark
    assert start is not None
    line = (error.problem_mark or start).line
    if "flow node" in (error.context or ""):
        return _never_closed(text)
    opened = "[" if "sequence" in (error.context or "") else "{"
    closing = "]" if opened == "[" else "}"
    if line == start.line and closing in lines[min(line, len(lines) - 1)][start.column :]:
        column = (error.problem_mark or start).column
        problem = (
            f"inside {opened}...{closing} YAML takes brackets, braces and quotes for its own; "
            "an expression that has them stands on a line of its own"
        )
        return line + 1, column + 1, problem, _unfolded(lines[line], start.column, closing)
    problem = f"the '{opened}' that opens here is never closed with '{closing}'"
    return start.line + 1, start.column + 1, problem, ""


def _never_closed(text: str) -> Explained:
    """The file ends inside a list or a record: the last bracket that opens none that closes."""
    at = max(text.rfind("["), text.rfind("{"))
    line, column = text.count("\n", 0, at), at - (text.rfind("\n", 0, at) + 1)
    closing = "]" if text[at] == "[" else "}"
    said = f"the '{text[at]}' that opens here is never closed with '{closing}'"
    return line + 1, column + 1, said, ""


def _unfolded(line: str, start: int, closing: str) -> str:
    """A list or record of one line as lines; empty where it is not the whole value of a key."""
    key, inside = line[:start].strip(), line[start + 1 : line.rindex(closing)]
    if not re.fullmatch(r"[\w.-]+:", key):
        return ""
    dash = "- " if closing == "]" else ""
    return "\n".join((key, *(f"  {dash}{part.strip()}" for part in _parts(inside))))


def _parts(text: str) -> list[str]:
    """The parts between the commas that stand in no bracket and no quotes."""
    parts, depth, quoted = [""], 0, False
    for character in text:
        quoted ^= character == '"'
        depth += (character in "[{(") - (character in "]})")
        if character == "," and not quoted and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _block(lines: list[str], line: int, column: int, problem: str) -> Explained:
    here = lines[line]
    match = _KEY.match(here)
    if "block sequence entries" in problem:
        return (
            line + 1,
            column + 1,
            "a list begins on the line below its key",
            here.strip().replace(": -", ":\n  -", 1),
        )
    if "expected '-'" in problem:
        return (
            line + 1,
            column + 1,
            "a list goes on here and a key stands at the same level; indent one of them",
            "",
        )
    if "mapping values" in problem:
        return _colon(lines, line, column, match)
    if match and match[3] and match[3][0] in _OWN and column >= match.start(3):
        return (line + 1, match.start(3) + 1, *_taken(match[2], match[3]))
    if "expected key" in problem:
        return _level(lines, line, column)
    return line + 1, column + 1, f"not YAML: {problem}", ""


def _taken(key: str, value: str) -> tuple[str, str]:
    """What to say of a value whose first sign means something to YAML."""
    if value[0] in "@`%" and " " not in value:
        said = f"YAML keeps {_OWN[value[0]]} at the beginning of a value for itself; this text stands in quotes"
        return said, f'{key}: "{value}"'
    whole = "the whole of it" if value[0] in "\"'" else "something of its own"
    said = f"YAML takes {_OWN[value[0]]} at the beginning of a value for {whole}"
    return f"{said}; an expression like this stands in a block", block(key, value)


def _level(lines: list[str], line: int, column: int) -> Explained:
    here = len(lines[line]) - len(lines[line].lstrip())
    above = next((text for text in reversed(lines[:line]) if text.strip()), "")
    said = f"this line is indented by {_spaces(here)}, as no key above it is"
    deep = len(above) - len(above.lstrip())
    return line + 1, column + 1, f"{said}; the line above by {_spaces(deep)}", ""


def _spaces(number: int) -> str:
    return "one space" if number == 1 else f"{number} spaces"


def _colon(lines: list[str], line: int, column: int, match: re.Match[str] | None) -> Explained:
    if match and ": " in match[3]:
        said = "a second ': ' stands in this line; text with ': ' in it stands in quotes"
        value = match[3].replace('"', "'")
        return line + 1, column + 1, said, f'{match[2]}: "{value}"'
    above = next((text for text in reversed(lines[:line]) if text.strip()), "")
    if above.strip() and ":" not in above:
        said = "this line has no colon; a key and its value are written 'key: value'"
        return line, len(above) - len(above.lstrip()) + 1, said, f"{above.strip()}: ..."
    said = "this line is indented deeper than the key above it, which already has a value"

    deeper = len(lines[line]) - len(lines[line].lstrip())
    return line + 1, deeper + 1, said, lines[line].strip()
