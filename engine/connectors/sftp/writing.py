"""
Writes that do not wait for each other, every one of which is answered for.

paramiko's own pipelined writes drop the answers that nobody waits for: where the server refuses one write (its disk is full
for a moment) and takes the next, the file would have a hole and the right size.
"""

from __future__ import annotations

from typing import Any

from paramiko.sftp import CMD_STATUS, CMD_WRITE, int64

#: Bytes of one write; servers take at least so many (draft-ietf-secsh-filexfer-02, 3).
PIECE = 32 * 1024
#: Writes under way at once.
AHEAD = 64


def write_all(sftp: Any, file: Any, payload: bytes) -> None:
    """Write the whole payload from the beginning of an open file. OSError, EOFError where the server refuses any of it."""
    answers = _Answers(sftp)
    for number, start in enumerate(range(0, len(payload), PIECE), 1):
        piece = payload[start : start + PIECE]
        sftp._async_request(answers, CMD_WRITE, file.handle, int64(start), piece)
        if number % AHEAD == 0:
            sftp._finish_responses(answers)
    sftp._finish_responses(answers)


class _Answers:
    """Hears what the server says of each write; paramiko asks it for an error after each answer."""

    def __init__(self, sftp: Any) -> None:
        self._sftp = sftp
        self._wrong: Exception | None = None

    def _async_response(self, kind: int, message: Any, number: int) -> None:
        try:
            if kind != CMD_STATUS:
                raise OSError("a write was answered with something else")
            self._sftp._convert_status(message)
        except (OSError, EOFError) as error:
            self._wrong = self._wrong or error

    def _check_exception(self) -> None:
        if self._wrong is not None:
            raise self._wrong
