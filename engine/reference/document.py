"""A page of documentation, written as Markdown and as HTML; everything that comes from files is escaped in both."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#&])")
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}"
    "table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #c8cdd3;padding:.3rem .6rem;text-align:left;"
    "vertical-align:top}code,pre{font:14px ui-monospace,monospace;background:#f4f5f7}pre{padding:1rem;overflow:auto}"
    "svg{max-width:100%;height:auto}"
)


class Code(str):
    """A text that is shown as it was written: an expression, a path, a name."""

    __slots__ = ()


class Link(str):
    """The name of another page: `channels/adt_feed`."""

    __slots__ = ()


Cell = str | Sequence[str]


class Document:
    """Made from top to bottom."""

    def __init__(self, title: str, root: str = "") -> None:
        """`root`: the way from the page's folder to that of all pages, `../`."""
        self._root = root
        self._markdown = [f"# {_plain(title)}", ""]
        said = html.escape(title)
        self._html = [
            "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">', f"<title>{said}</title>",
            f"<style>{_STYLE}</style>", "</head>", "<body>", f"<h1>{said}</h1>",
        ]  # fmt: skip

    def head(self, text: str) -> None:
        """A heading."""
        self._markdown += [f"## {_plain(text)}", ""]
        self._html.append(f"<h2>{html.escape(text)}</h2>")

    def say(self, text: str) -> None:
        """A paragraph."""
        if text:
            self._markdown += [self._md(text), ""]
            self._html.append(f"<p>{self._in_html(text)}</p>")

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """A table; nothing where it has no rows."""
        lines = [list(row) for row in rows]
        if not lines:
            return
        self._markdown += [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
        self._markdown += [f"| {' | '.join(map(self._md, line))} |" for line in lines]
        self._markdown.append("")
        self._html.append("<table>")
        cells = "".join(f"<th>{html.escape(text)}</th>" for text in heads)
        self._html.append(f"<tr>{cells}</tr>")
        for line in lines:
            cells = "".join(f"<td>{self._in_html(cell)}</td>" for cell in line)
            self._html.append(f"<tr>{cells}</tr>")
        self._html.append("</table>")

    def code(self, text: str) -> None:
        """Lines as they were written."""
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
        self._markdown += [f"{fence}text", text.rstrip("\n"), fence, ""]
        self._html.append(f"<pre>{html.escape(text)}</pre>")

    def drawing(self, svg: str, text: str) -> None:
        """A drawing; in Markdown the same as text."""
        self.code_only_markdown(text)
        self._html.append(svg)

    def code_only_markdown(self, text: str) -> None:
        """Lines that HTML shows otherwise."""
        self._markdown += ["```text", text.replace("```", "'''"), "```", ""]

    def markdown(self) -> str:
        """The page as Markdown."""
        return "\n".join(self._markdown).rstrip("\n") + "\n"

    def html(self) -> str:
        """The page as HTML, in one file, without a script."""
        return "\n".join([*self._html, "</body>", "</html>", ""])

    # -- cells ----------------------------------------------------------------------------------------------

    def _md(self, cell: Cell) -> str:
        if isinstance(cell, Link):
            name = cell.rpartition("/")[2]
            return f"[{_plain(name)}]({self._root}{cell}.md)"
        if isinstance(cell, Code):
            return f"<code>{_plain(cell)}</code>" if cell else ""
        if isinstance(cell, str):
            return _plain(cell)
        return ", ".join(map(self._md, cell))

    def _in_html(self, cell: Cell) -> str:
        if isinstance(cell, Link):
            name = html.escape(cell.rpartition("/")[2])
            return f'<a href="{html.escape(self._root + cell)}.html">{name}</a>'
        if isinstance(cell, Code):
            return f"<code>{html.escape(cell)}</code>" if cell else ""
        if isinstance(cell, str):
            return html.escape(cell)
        return ", ".join(map(self._in_html, cell))


def _plain(text: str) -> str:
    """
    A text as Markdown shows it, on one line.

    >>> print(_plain("a|b <i>*c*"))
    a\\|b \\<i\\>\\*c\\*
    """
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def drawn(steps: Sequence[tuple[str, Sequence[str]]]) -> tuple[str, str]:
    """The line as SVG and as text: columns from left to right, each with a title and the things in it."""
    width, gap, high = 190, 36, 30
    rows = max(len(things) for _, things in steps)
    size = len(steps) * (width + gap) - gap, 40 + rows * (high + 10)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" role="img" '
        'font-family="system-ui,sans-serif" font-size="13">'
    ]
    for column, (title, things) in enumerate(steps):
        x = column * (width + gap)
        parts.append(f'<text x="{x}" y="20" font-weight="600">{html.escape(title)}</text>')
        for row, thing in enumerate(things):
            y = 34 + row * (high + 10)
            parts.append(
                f'<rect x="{x}" y="{y}" width="{width}" height="{high}" rx="4" fill="#eef3fb" stroke="#5b7fb5"/>'
                f'<text x="{x + 8}" y="{y + 20}">{html.escape(_short(thing))}</text>'
            )
        if column:
            parts.append(f'<path d="M{x - gap + 4} 49 H{x - 6} m-6 -4 l6 4 l-6 4" fill="none" stroke="#5b7fb5"/>')  # fmt: skip
    parts.append("</svg>")
    text = "\n  -> ".join(f"{title}: {', '.join(things)}" for title, things in steps)
    return "\n".join(parts), text


def _short(text: str) -> str:
    return text if len(text) <= 26 else f"{text[:25]}…"
