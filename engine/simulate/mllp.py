"""A partner that takes HL7 over MLLP and acknowledges it."""

from __future__ import annotations

from typing import Any

from engine.simulate.fault import Fault
from engine.simulate.partner import Connection, Partner, Received
from engine.wire import mllp
from engine.wire.mllp import Broken, Deframer


class MllpPartner(Partner):
    """Answers every message with AA; an MSH-10 met before counts as a repeat."""

    kind = "mllp"

    def connection(self) -> Connection:
        """The protocol of one connection."""
        return MllpConnection(self)

    def respond(self, body: bytes) -> bytes | None:
        """The acknowledgement of one message, framed; None = close without one."""
        head = body[: body.find(b"\r")] if b"\r" in body else body
        fields = [*head.split(head[3:4] or b"|"), *[b""] * 12]
        control = fields[9].decode("latin-1")
        if self.fault.status:
            self.refused += 1
        else:
            self.take(Received(key=control, body=body))
            if self.fault is Fault.DROPS:
                return None
        acknowledgement = b"MSH|^~\\&|%b|%b|%b|%b|20260101000000||ACK|A%b|P|%b\rMSA|%b|%b\r" % (
            *fields[4:6], *fields[2:4], fields[9], fields[11], self.fault.code.encode(), fields[9],
        )  # fmt: skip
        return mllp.START + acknowledgement + mllp.END


class MllpConnection(Connection):
    """Reads frames and answers each."""

    partner: MllpPartner

    def __init__(self, partner: MllpPartner) -> None:
        super().__init__(partner)
        self._deframer = Deframer()

    def data_received(self, data: bytes) -> None:
        """Bytes of a frame."""
        for frame in self._deframer.feed(data):
            if isinstance(frame, Broken):
                self.transport.close()
                return
            answer = self.partner.respond(
                frame if isinstance(frame, bytes) else b"".join(frame)
            )
            if answer is None:
                self.transport.close()
                return
            self.answer(answer)


def mllp_partner(
    name: str = "downstream", port: int = 0, fault: str = Fault.NONE, **options: Any
) -> MllpPartner:
    """A partner over MLLP, started by `async with`; port 0 = any free one. Options are Partner's."""
    return MllpPartner(name, port, fault, **options)
