"""`corridor jwks`: the public half of our key, as partners who know us by SMART backend services want it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.app import CANNOT, app, fail

KeyFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="Our private key, in PEM or JWK form.")
]
Kid = Annotated[
    str,
    typer.Option("--kid", metavar="NAME", help="The key's name; without one its thumbprint."),
]


@app.command()
def jwks(key: KeyFile, kid: Kid = "") -> None:
    """Print the public half of a key, as a JSON Web Key Set."""
    from engine.http.assertion import public_set

    try:
        text = key.read_text("utf-8")
        print(public_set(text, kid).decode())
    except UnicodeDecodeError:
        raise fail(f"{key}: the key is neither PEM nor JWK", CANNOT) from None
    except LookupError as error:
        raise fail(f"{key}: {error.args[0]}", CANNOT) from None
