"""Encrypted transport: one set of settings and one way to build contexts, for every connector."""

from __future__ import annotations

import ssl
from pathlib import Path

import msgspec

from engine.settings import Secret


class ServerTls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """TLS on a listener."""

    certificate: str
    """PEM file with the certificate and its chain, relative to the home."""
    key: str
    """PEM file with the private key, relative to the home."""
    password: Secret | None = None
    """Passphrase of the private key."""
    clients: str = ""
    """PEM file with the authorities whose client certificates are demanded (mutual TLS); empty = none demanded."""


class ClientTls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """TLS towards a partner; its certificate and name are always verified."""

    authorities: str = ""
    """PEM file with the authorities to trust; empty = the machine's."""
    certificate: str = ""
    """PEM file with our client certificate (mutual TLS), relative to the home."""
    key: str = ""
    """PEM file with its private key, relative to the home."""
    password: Secret | None = None
    """Passphrase of the private key."""
    name: str = ""
    """The name its certificate must carry, where it differs from the host."""


def server_context(settings: ServerTls, home: Path) -> ssl.SSLContext:
    """TLS 1.2 or later with the listener's certificate. OSError or ssl.SSLError where files are missing or wrong."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    password = settings.password.reveal(home) if settings.password else None
    context.load_cert_chain(home / settings.certificate, home / settings.key, password)
    if settings.clients:
        context.load_verify_locations(home / settings.clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(settings: ClientTls, home: Path) -> ssl.SSLContext:
    """TLS 1.2 or later that verifies the partner. OSError or ssl.SSLError where files are missing or wrong."""
    authorities = str(home / settings.authorities) if settings.authorities else None
    context = ssl.create_default_context(cafile=authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.certificate:
        password = settings.password.reveal(home) if settings.password else None
        context.load_cert_chain(home / settings.certificate, home / settings.key, password)
    return context
