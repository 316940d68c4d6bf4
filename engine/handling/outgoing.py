"""Messages as files and text fields hold them, made what their senders would send."""

from __future__ import annotations


def outgoing(raw: bytes) -> bytes:
    """
    HL7 files kept with line feeds, as their senders would send them: segments end in CR.

    >>> outgoing(b"MSH|1\\nPID|2\\n"), outgoing(b'{"a": 1}\\n')
    (b'MSH|1\\rPID|2\\r', b'{"a": 1}\\n')
    """
    if raw[:3] in (b"MSH", b"FHS", b"BHS") and b"\r" not in raw:
        return raw.replace(b"\n", b"\r")
    return raw


def pasted(text: str) -> bytes:
    """
    What somebody pasted into a text field, which ends every line in CRLF.

    >>> pasted("MSH|1\\r\\nPID|2"), pasted('{"a":\\r\\n1}')
    (b'MSH|1\\rPID|2', b'{"a":\\n1}')
    """
    return outgoing(text.replace("\r\n", "\n").encode("utf-8", "surrogatepass"))
