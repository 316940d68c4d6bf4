"""The application object, the options every command shares, and how errors are shown."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from engine import __version__

#: Exit codes beside 0; the docstring of engine/cli explains them.
FOUND, USAGE, CANNOT, FAULT, INTERRUPTED = 1, 2, 3, 70, 130


class Commands(TyperGroup):
    """The group of all commands; turns every error into words and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except Exception as error:
            code = _explain(error)
            if code is None:
                raise
            raise typer.Exit(code) from None


def _explain(error: Exception) -> int | None:
    """Say what went wrong without a traceback; None for what typer itself handles."""
    if type(error).__module__.partition(".")[0] in ("typer", "click"):
        return None
    if os.environ.get("CORRIDOR_TRACE"):
        import traceback

        traceback.print_exception(error)
    from engine.errors import ConfigError, EngineError, MessageError

    if isinstance(error, ConfigError):
        return _say(str(error), FOUND)
    if isinstance(error, MessageError):
        return _say(str(error), USAGE if error.code == "bad_id" else FOUND)
    if isinstance(error, EngineError):
        return _say(str(error), CANNOT)
    if isinstance(error, OSError) and error.filename:
        return _say(f"{error.filename}: {error.strerror}", CANNOT)
    name = type(error).__name__
    return _say(
        f"Corridor itself failed ({name}). Run it again with CORRIDOR_TRACE=1 and report what it prints.",
        FAULT,
    )


def _say(text: str, code: int) -> int:
    from engine.cli.terminal import safe_lines

    print(safe_lines(text), file=sys.stderr)
    return code


def _home(ctx: typer.Context, given: Path | None) -> Path | None:
    """The home: this command's option, or the one before the command, or the current folder."""
    if ctx.resilient_parsing:
        return given
    if given is not None:
        return given.absolute()
    return ctx.obj if isinstance(ctx.obj, Path) else Path.cwd()


Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="Folder with config.yaml, channels/, mappings/, samples/. Default: the current one.",
        callback=_home,
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Reason = Annotated[
    str,
    typer.Option("--reason", metavar="TEXT", help="Why; kept with who ordered it and when."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]

app = typer.Typer(
    cls=Commands,
    name="corridor",
    help="A healthcare interface engine: receives, transforms, routes and delivers, and loses nothing.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"corridor {__version__}")
        raise typer.Exit


@app.callback()
def everywhere(
    ctx: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(
            "--home", metavar="DIR", envvar="CORRIDOR_HOME", help="The home to work on."
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", help="Print the version.", callback=_version, is_eager=True
        ),
    ] = False,
) -> None:
    """A healthcare interface engine: receives, transforms, routes and delivers, and loses nothing."""
    ctx.obj = home.absolute() if home is not None else Path.cwd()


def fail(text: str, code: int = CANNOT) -> typer.Exit:
    """`raise fail(...)`: say why on standard error and end with a code."""
    return typer.Exit(_say(text, code))


def here(home: Path | None) -> Path:
    """The home as a path (its option's callback has filled it in); it must be a folder."""
    found = home or Path.cwd()
    if not found.is_dir():
        raise fail(f"{found} is not a folder", USAGE)
    return found
