"""Reason codes, collected from the places in the code that give them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

#: Calls whose first argument is a reason code and whose second says it in words.
_RAISERS = {"MessageError", "refuse"}


def reasons(folder: Path) -> list[tuple[str, str, str]]:
    """Every reason code below a folder of modules: the code, its rule, the module; sorted, each once."""
    found = {
        (code, rule): str(path.relative_to(folder.parent))
        for path in sorted(folder.rglob("*.py"), reverse=True)
        for code, rule in _in_module(ast.parse(path.read_text("utf-8")))
    }
    return [(code, rule, module) for (code, rule), module in sorted(found.items())]


def _in_module(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name),
                args=[ast.Constant(value=str(code)), rule, *_],
            ) if name in _RAISERS:
                yield code, _template(rule)


def _template(rule: ast.expr) -> str:
    """A text as it is written, with `...` where something is filled in."""
    match rule:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_template(part) for part in parts)
        case ast.BinOp(left=left, right=right) | ast.IfExp(body=left, orelse=right):
            joint = "" if isinstance(rule, ast.BinOp) else " / "
            return _template(left) + joint + _template(right)
    return "..."
