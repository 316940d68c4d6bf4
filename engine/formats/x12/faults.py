"""What can be wrong in an interchange, in the codes in which X12 says it."""

from __future__ import annotations

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong. Never holds a value of the interchange."""

    level: str
    """`interchange` (code of TA105), `group` (AK905), `set` (AK502, IK502), `segment` (AK304, IK304), `element` (AK403, IK403)."""
    code: str
    words: str
    group: int = 0
    """Which functional group of its interchange, from 0."""
    set: int = 0
    """Which transaction set of its group, from 0."""
    name: str = ""
    """The segment."""
    position: int = 0
    """Its number in the set, ST being 1; of a missing one that of the segment in whose place it should stand."""
    unit: int = 0
    """Where the business unit that it is in begins in the set, ST being 1; 0 = in none."""
    loop: str = ""
    element: int = 0
    component: int = 0
    repetition: int = 0
    reference: str = ""
    """The data element's number in the standard's dictionary."""

    @property
    def is_noted(self) -> bool:
        """Whether it is about the header of the interchange alone, whose sets are as good as without it."""
        return self.level == "interchange" and self.code in _NOTED

    @property
    def path(self) -> str:
        """Where it is, as people say it: `2300/CLM05-1`."""
        place = self.name + (f"{self.element:02d}" if self.element else "")
        place += f"-{self.component}" if self.component else ""
        return f"{self.loop}/{place}" if self.loop and self.name else place


#: AK304 and IK304.
SEGMENT = {
    "1": "the segment is not known",
    "2": "the segment is not expected here",
    "3": "the segment must be here and is missing",
    "4": "the loop is repeated too often",
    "5": "the segment is repeated too often",
    "6": "the segment does not belong to this transaction set",
    "7": "the segment stands out of order",
    "8": "the segment has elements in error",
    "I4": "the guide does not use the segment",
    "I6": "the segment must be here, for what another one says, and is missing",
    "I7": "the loop is there too seldom",
    "I8": "the segment is there too seldom",
    "I9": "the segment may not be here, for what another one says",
}
#: AK403 and IK403; 12 and 13 came with version 005010, those with I are of the 999.
ELEMENT = {
    "1": "the element must have a value",
    "2": "the element must have a value, for what another one says",
    "3": "the segment has too many elements",
    "4": "the value is too short",
    "5": "the value is too long",
    "6": "the value has a character that its type does not have",
    "7": "the code is none of those that may stand here",
    "8": "the value is no date",
    "9": "the value is no time",
    "10": "the element may have no value beside another one",
    "12": "the element is repeated too often",
    "13": "the element has too many components",
    "I6": "the guide does not use the code",
    "I9": "the element must have a value, for what another segment says",
    "I10": "the guide does not use the element",
    "I11": "the element is repeated too seldom",
    "I12": "the value has not the form that the guide asks for",
    "I13": "the element may have no value, for what another one says",
}
#: What a 997, which has no codes of guides, says instead of those of a 999 (X12.20 AK304, AK403).
OLDER_SEGMENT = {"I4": "2", "I6": "3", "I7": "3", "I8": "3", "I9": "2"}
OLDER_ELEMENT = {
    "12": "3",
    "13": "3",
    "I6": "7",
    "I9": "2",
    "I10": "10",
    "I11": "1",
    "I12": "7",
    "I13": "10",
}
#: AK502 and IK502.
SET = {
    "1": "the transaction set is not supported",
    "2": "the transaction set has no trailer",
    "3": "control numbers of header and trailer differ",
    "4": "the number of segments is not the one that the trailer says",
    "5": "segments are in error",
    "6": "the transaction set does not say which it is",
    "7": "the transaction set has no control number",
    "23": "the control number is not the only one in its group",
    "I6": "the guide that the set names is not that of its group",
}
#: AK905.
GROUP = {
    "3": "the group has no trailer",
    "4": "control numbers of header and trailer differ",
    "5": "the number of sets is not the one that the trailer says",
    "6": "the control number is no number",
    "19": "the control number is not the only one in its interchange",
}
#: TA105.
INTERCHANGE = {
    "001": "control numbers of header and trailer differ",
    "002": "ISA11 names no standard of controls",
    "003": "the version of the envelope is none that there is",
    "004": "the segment terminator is a character that values have, or separates something else",
    "005": "the qualifier of the sender is none",
    "006": "there is no sender",
    "007": "the qualifier of the receiver is none",
    "008": "there is no receiver",
    "009": "the receiver is not known here",
    "010": "the qualifier of the authorization is none",
    "011": "there is no authorization where its qualifier says so",
    "012": "the qualifier of the security information is none",
    "013": "there is no security information where its qualifier says so",
    "014": "the date is none",
    "015": "the time is none",
    "016": "ISA11 is no repetition separator",
    "017": "the version of the envelope is none",
    "018": "the control number is not nine digits",
    "019": "ISA14 is neither 0 nor 1",
    "020": "ISA15 is neither P nor T",
    "021": "the number of groups is not the one that the trailer says",
    "022": "the segments of the envelope are not where they belong",
    "023": "the interchange ends too early",
    "024": "something stands where nothing may",
    "025": "the control number was used before",
    "026": "the element separator is a character that values have",
    "027": "there is no component separator, or it is a character that values have",
    "028": "the date of the deferred delivery (ISE) is none",
    "029": "the time of the deferred delivery (ISE) is none",
    "030": "the time code of the deferred delivery (ISE) is none",
    "031": "the grade of service (ISB) is none",
}
#: About the header alone, and about services that are asked for (ISB, ISE).
_NOTED = frozenset(
    code
    for code in INTERCHANGE
    if code in ("002", "003") or "005" <= code <= "020" or code >= "028"
)
#: A TA1 names one fault: what tells most comes first.
RANK = {
    code: at
    for at, code in enumerate(
        [
            "025",
            "023",
            "001",
            "022",
            "024",
            "021",
            *sorted(set(INTERCHANGE) - {"025", "023", "001", "022", "024", "021", "009"}),
            "009",
        ]
    )
}
