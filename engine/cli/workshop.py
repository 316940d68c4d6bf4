"""The workshop: `simulate` partners, run the `bench`, write the `docs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.app import CANNOT, FOUND, Home, app, fail, here

if TYPE_CHECKING:
    from engine.simulate import Partner

#: Where the faults of simulated partners are switched.
CONTROL = 9300


@app.command()
def simulate(
    partners: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=KIND:PORT]...",
            help="billing=http:9301 lab=mllp:9304 dropbox=sftp:9305 ehr=fhir:9308; medline=supplier:9306 and plan=payer:9307 answer the files they get, "
            "cover=eligibility:9309 a 270 and patients=index:9310 a query of HL7. Without any, the partners of config.yaml on loopback.",
        ),
    ] = None,
    *,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="NAME=FAULT",
            help="down, slow, 429, 500, 503, 400, 401, 409, 412, 422, drops, late, AE or AR; for sftp also full and stranger.",
        ),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(
            "--drop",
            metavar="NAME/FOLDER=FILE,EVERY",
            help="A file that a partner over SFTP leaves again and again: dropbox/out=samples/x12/invoice.810,20s.",
        ),
    ] = None,
    files: Annotated[
        bool, typer.Option("--files", help="List what lies in running partners' drop boxes.")
    ] = False,
    switch: Annotated[
        str,
        typer.Option(
            "--switch",
            metavar="NAME=FAULT",
            help="Switch a running partner's fault; none ends it.",
        ),
    ] = "",
    control: Annotated[
        int, typer.Option("--control", help="Port at which faults are switched.")
    ] = CONTROL,
    delay: Annotated[
        float, typer.Option("--delay", help="How slow `slow` is, in seconds.")
    ] = 2.0,
    home: Home = None,
) -> None:
    """Run simulated partners, with faults to choose."""
    import asyncio

    from engine import simulate as partnership

    if switch:
        print(switched(switch, control))
        return
    if files:
        print(boxes(control))
        return
    given = partners or configured(here(home))
    if not given:
        raise fail("name partners, or give config.yaml some that are on loopback")
    wanted = partnership.wanted(given, fault or ())
    drops = [partnership.drop_of(text) for text in drop or ()]
    running = partnership.run(
        wanted, control=control, drops=drops, ready=_listening, delay=delay
    )
    asyncio.run(running)


def _listening(partners: dict[str, Partner], control: int) -> None:
    for partner in partners.values():
        fault = "" if partner.fault == "none" else f"  fault: {partner.fault}"
        print(f"{partner.name}: {partner.kind} on port {partner.port}{fault}", flush=True)
        for name, value in partner.ways().items():
            print(f"  {name}: {value}", flush=True)
    print(
        f"switch a fault: corridor simulate --control {control} --switch NAME=FAULT", flush=True
    )


def configured(home: Path) -> list[str]:
    """The partners of config.yaml that stand on loopback, as orders. Who has a trade as name plays it."""
    from engine.cli.addresses import loopback_partners
    from engine.simulate import played

    return [
        f"{name}={played(name, kind)}:{port}"
        for name, (kind, port) in loopback_partners(home).items()
    ]


def switched(order: str, control: int) -> str:
    """Switch the fault of a simulated partner that runs; what it says of itself."""
    from urllib.parse import urlencode

    name, equals, fault = order.partition("=")
    if not equals:
        raise typer.BadParameter("--switch is written NAME=FAULT")
    _controlled("POST", "/_fault?" + urlencode({"name": name, "fault": fault}), control)
    return f"{name}: {fault}"


def boxes(control: int) -> str:
    """What lies in the drop boxes of simulated partners that run, a line for each file."""
    found = _controlled("GET", "/_files", control)
    return "\n".join(
        line
        for name, files in found.items()
        for line in (f"{name}:", *(f"  {one}" for one in files))
    )


def _controlled(method: str, path: str, control: int) -> dict[str, Any]:
    """What the control endpoint answers."""
    import json
    from http.client import HTTPConnection

    line = HTTPConnection("127.0.0.1", control, timeout=5)
    try:
        line.request(method, path)
        said: dict[str, Any] = json.loads(line.getresponse().read())
    except OSError:
        raise fail(f"no simulated partners are controlled at port {control}") from None
    finally:
        line.close()
    if "error" in said:
        raise fail(str(said["error"]), CANNOT)
    return said


@app.command()
def bench(
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[ARGUMENT]...")] = None,
) -> None:
    """Measure the engine on this machine. Needs the source tree, where bench/ stands."""
    import subprocess
    import sys

    tree = Path(__file__).parents[2]
    if not (tree / "bench" / "__main__.py").is_file():
        raise fail("the benchmarks stand in the source tree (bench/), which is not here")
    command = [sys.executable, "-m", "bench", *(arguments or ())]
    raise typer.Exit(subprocess.run(command, cwd=tree, check=False).returncode)


@app.command()
def docs(
    reference_folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[REFERENCE]",
            help="Instead, write the reference pages of this release into this folder.",
        ),
    ] = None,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where to. Default: docs/interfaces."),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Only say what is stale; exit code 1 if anything is."),
    ] = False,
    home: Home = None,
) -> None:
    """Write what the channels and mappings do, as Markdown and HTML."""
    if reference_folder is not None:
        _reference(reference_folder, check)
        return
    from engine.channel import load_all
    from engine.reference.interfaces import pages

    place = here(home)
    folder = out or place / "docs/interfaces"
    made = pages(load_all(place))
    stale = [name for name, text in made.items() if _text(folder / name) != text]
    if check:
        print("\n".join(stale) or f"{folder} is current")
        raise typer.Exit(FOUND if stale else 0)
    for name in stale:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(made[name], "utf-8")
    print("\n".join(stale) or f"{folder} was current")


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def _reference(folder: Path, check: bool) -> None:
    from engine import reference

    if check:
        wrong = reference.broken(folder) + reference.stale(folder)
        print("\n".join(wrong) if wrong else f"{folder} is current")
        raise typer.Exit(FOUND if wrong else 0)
    try:
        written = reference.write(folder)
    except ValueError as error:
        raise fail(str(error), FOUND) from None
    print("\n".join(written) or f"{folder} was current")
