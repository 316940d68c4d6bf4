"""
How often something was made of which it is not certain that FHIR takes it.

Who makes elements of what is known to fit need not be checked; who cannot tell says so here (engine/mapping/assurance.py), and what was made
meanwhile is checked whole. A number that grows, so that who makes several things compares it before and after.
"""

from __future__ import annotations


class Doubts:
    """The number."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


#: Of this process. What several threads make at once is checked once too often, never too seldom.
DOUBTS = Doubts()
