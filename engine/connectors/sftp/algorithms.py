"""Which algorithms are offered to a partner: modern ones, and the old ones a channel names."""

from __future__ import annotations

#: Offered always, the best first (key exchange, ciphers, MACs), by the names of the IANA registry of RFC 4250.
MODERN: dict[str, tuple[str, ...]] = {
    "kex": (
        "mlkem768x25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521", "diffie-hellman-group16-sha512", "diffie-hellman-group-exchange-sha256",
    ),
    "ciphers": (
        "aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr",
    ),
    "digests": (
        "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512",
    ),
}  # fmt: skip
#: Offered only where a channel names them.
OLD: dict[str, tuple[str, ...]] = {
    "kex": ("diffie-hellman-group14-sha256",),
    "ciphers": ("aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc"),
    "digests": ("hmac-sha1", "hmac-sha1-96", "hmac-md5", "hmac-md5-96"),
}


def check_allowed(names: list[str]) -> None:
    """ValueError where a name is none that can be allowed besides."""
    known = [name for group in OLD.values() for name in group]
    wrong = next((name for name in names if name not in known), "")
    if wrong:
        raise ValueError(f"also_allow: '{wrong}' is none of {', '.join(known)}")


def offered(group: str, also: list[str]) -> tuple[str, ...]:
    """
    The algorithms of a group that are offered, old ones last.

    >>> offered("digests", ["hmac-sha1"])[-2:]
    ('hmac-sha2-512', 'hmac-sha1')
    """
    return MODERN[group] + tuple(name for name in OLD[group] if name in also)
