"""Memory between the parts of one message, and keys as memory has them."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from engine.errors import MessageError
from engine.planning.keys import joined
from tests.runtime.conftest import House, until
from tests.runtime.test_groups import MEMORY, WARD, usage


async def test_a_part_of_a_batch_sees_what_the_parts_before_it_remember(house: House) -> None:
    house.channel(MEMORY)
    house.write("mappings/ward.yaml", WARD)
    await house.start()
    batch = usage("C1", "A1", "1", 1, ward="ICU") + usage("C2", "A1", "1", 1)
    await house.send(b"BHS|^~\\&|POU|OR\r" + batch + b"BTS|2\r")
    await until(lambda: house.partner.unique == 2)
    said = [msgspec.json.decode(body) for body in house.bodies()]
    assert [one.get("ward") for one in said] == [None, "ICU"]


class Gives:
    """An expression that gives a value."""

    paths = ("PID-3",)

    def __init__(self, value: object) -> None:
        self.value = value

    def run(self, scope: object) -> object:
        return self.value


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (Decimal("1E+3"), "1000"), (7, "7"), ("a", "a")]
)
def test_a_key_is_the_text_that_recall_makes_of_the_same_value(value, text) -> None:
    assert joined((Gives(value),), None) == text


def test_a_key_that_has_no_text_names_its_path() -> None:
    with pytest.raises(MessageError, match="PID-3"):
        joined((Gives(["a", "b"]),), None)
