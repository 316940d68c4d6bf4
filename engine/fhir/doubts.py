"""
How often something was made of which it is not certain that FHIR takes it.

Who makes elements of what is known to fit need not be checked; who cannot tell says so here (engine/mapping/assurance.py), and what was made
meanwhile is checked whole. A number that grows, so that who makes several things compares it before and after.
"""

from __future__ import annotations

from itertools import count


class Doubts:
    """
    The number.

    >>> doubts = Doubts()
    >>> before = doubts.count
    >>> doubts.add()
    >>> doubts.count == before
    False
    """

    __slots__ = ("_numbers", "count")

    def __init__(self) -> None:
        self.count = 0
        self._numbers = count(1)

    def add(self) -> None:
        """One more. No number comes twice, whatever threads do at once: who was in doubt finds another one than before."""
        self.count = next(self._numbers)


#: Of this process. What several threads make at once is checked once too often, never too seldom.
DOUBTS = Doubts()
