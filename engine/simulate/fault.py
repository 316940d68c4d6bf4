"""What can be wrong with a partner."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """How a simulated partner misbehaves. HTTP status codes become AE or AR over MLLP."""

    NONE = "none"  #: it works
    DOWN = "down"  #: refuses connections and cuts those it has
    SLOW = "slow"  #: answers after a delay
    TOO_MANY = "429"  #: asks to wait, with Retry-After; AR over MLLP
    ERROR = "500"  #: fails; AE over MLLP
    BUSY = "503"  #: cannot now; AR over MLLP
    BAD = "400"  #: refuses the message; AE over MLLP
    CONFLICT = "409"  #: has it otherwise by now
    CHANGED = "412"  #: finds a condition not met
    UNFIT = "422"  #: refuses what it was sent by its own rules
    UNAUTHORISED = "401"  #: refuses us; AR over MLLP
    DROPS = "drops"  #: takes the whole message, then closes without an answer
    LATE = "late"  #: takes the message and answers after the sender's patience
    FULL = "full"  #: has no room on its disk (SFTP)
    STRANGER = "stranger"  #: shows another host key (SFTP)
    AE = "AE"  #: application error; 400 over HTTP
    AR = "AR"  #: application reject; 503 over HTTP

    @property
    def status(self) -> int:
        """The HTTP status it answers; 0 where it takes the message."""
        return {"AE": 400, "AR": 503}.get(self.value) or (int(self) if self.isdigit() else 0)

    @property
    def code(self) -> str:
        """The acknowledgement code it answers over MLLP."""
        return {0: "AA", 400: "AE", 500: "AE"}.get(self.status, "AR")
