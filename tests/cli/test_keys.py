"""The public half of our key, as partners want it."""

from __future__ import annotations

import json

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cli.conftest import Corridor


def test_the_public_half_of_a_key_is_printed_and_never_the_private_one(
    corridor: Corridor,
) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = corridor.home / "ehr.pem"
    file.write_bytes(text)
    ran = corridor("jwks", file, "--kid", "2026")
    (public,) = json.loads(ran.out)["keys"]
    assert ran.code == 0 and public["kid"] == "2026" and public["alg"] == "ES384"
    assert set(public) == {"kty", "crv", "x", "y", "kid", "alg", "use", "key_ops"}
    file.write_bytes(b"\xff")
    wrong = corridor("jwks", file)
    assert wrong.code == 3 and "neither PEM nor JWK" in wrong.err
