"""What is said about a name or a sign that means nothing here, and what might have been meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.mapping import calls, traps
from engine.mapping.language import Term, Wrong, later, nearest, suggestion
from engine.records.paths import names as record_names

if TYPE_CHECKING:
    from engine.mapping.parser import Parser

_DOTTED = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)
_QUOTED = re.compile("['`‘“]([^'`‘’“”\"]*)['`’”]")
#: What people know from other languages, and what it is here.
_FOREIGN = {
    "&&": "and",
    "||": "or",
    "!": "not",
    "=": "==",
    "=~": 'matches(value, "pattern")',
    "?": "if(condition, a, b)",
    ";": "nothing at all",
}


def no_path(parser: Parser, start: int) -> Term:
    """Wrong: a dot or a bracket begins no path here."""
    if parser.text.startswith(".", start) and parser.language.inner and not parser.level:
        name = parser.language.inner[-1].name
        path = _DOTTED.match(parser.text, start + 1)
        wrong = f"the fields of the {name} are read without a dot in front here"
        raise Wrong(start, wrong, path.group() if path else "")
    if parser.text.startswith(".", start):
        wrong = "a path that starts with a dot reads the thing at hand, and there is none here"
        raise Wrong(start, wrong)
    raise parser.unexpected()


def unknown(parser: Parser, word: str, start: int, end: int) -> Term:
    """Wrong, with what might have been meant."""
    traps.check(parser.text, start)
    if parser.text.startswith("(", end):
        if calls.is_later(word):
            raise Wrong(start, later(word))
        near = suggestion(word, calls.names())
        raise Wrong(start, f"there is no function '{word}'{near}")
    known = [
        *parser.language.lets,
        *parser.language.known,
        "index",
        "meta",
        "nothing",
        "null",
    ]
    for shape in (*parser.language.inner, parser.shape):
        known += record_names(shape)
    known += getattr(parser.language.format.paths, "names", record_names)(parser.shape)
    if word in parser.language.elsewhere:
        raise Wrong(start, *parser.language.elsewhere[word])
    near = suggestion(word, known)
    misspelt = getattr(parser.language.format.paths, "misspelt", None)
    if not near and misspelt is not None and (meant := misspelt(parser.text, start)):
        wrong = f"{word} is no path: an element is a segment and two digits, a component stands behind a dash"
        raise Wrong(start, wrong, meant)
    write = nearest(word, known) or f'"{word}"'
    if word == "members" and not near:
        wrong = "members is not a name here; a group has them, and is read by 'from: [ENTITY]'"
        raise Wrong(start, wrong)
    if calls.known(word):
        raise Wrong(
            start, f"'{word}' is a function and takes its value in brackets or by a pipe"
        )
    if parser.language.made and not near:
        wrong = (
            f"{word} is not a name here, where what came in is read and not the {parser.language.made} that is made of it;"
            f" give the value a name in the channel's 'let' ({word}: ...), then write {{{word}}}"
        )
        raise Wrong(start, wrong)
    raise Wrong(start, f"{word} is not a name here{near or '; did you mean the text?'}", write)


def here(parser: Parser, wanted: str) -> Wrong:
    """What to say about whatever stands at the parser's place, where something else was wanted."""
    parser.skip()
    rest = parser.text[parser.at :]
    if not rest:
        return Wrong(len(parser.text), wanted or "the expression ends too early")
    for sign in ("&&", "||", "=~", "=", "!", "?", ";"):
        if rest.startswith(sign) and not rest.startswith(("==", "??")):
            return Wrong(parser.at, f"there is no '{sign}' here", f"{_FOREIGN[sign]}")
    if rest[0] in "'`‘’“”":
        closed = _QUOTED.match(rest)
        write = f'"{closed[1]}"' if closed else ""
        return Wrong(parser.at, 'text stands in double quotes: "ERP"', write)
    if rest[0] == "-":
        return Wrong(parser.at, "a minus has spaces on both sides")
    what = rest.split()[0][:20]
    return Wrong(parser.at, wanted or f"nothing can follow here, but '{what}' does")
