"""Values in fields of FHIR: the quick ways say what the rules of the fields say."""

from itertools import product

import pytest

from engine.errors import MessageError
from engine.formats import NULL
from engine.mapping import resource_values
from engine.mapping.choices import NOTHING_HOLDS
from engine.mapping.conversion import convert
from engine.mapping.language import NOWHERE, Term
from engine.mapping.operators import chain
from engine.mapping.values import Unreadable
from engine.records.types import FieldType

TEXT = FieldType(kind="text", form="fhir_text")


def made(value, wanted: FieldType, kind: str = "any", many: bool = False):
    """What a field of that type takes of the value."""
    term = Term(run=lambda scope: value, offset=0, kind=kind, many=many)
    return convert(term, wanted).run(NOWHERE)


@pytest.mark.parametrize(
    "choices", [("Patient", "Group"), ("Resource",), ("Patient", "Resource"), ()]
)
@pytest.mark.parametrize("value", [{"resourceType": "Patient"}, {"resourceType": "Device"}, {"reference": "x"}, "x"])  # fmt: skip
def test_a_reference_takes_resources_of_its_types_references_and_texts(choices, value):
    wanted = FieldType(kind="record", form="reference", choices=choices)
    change = resource_values.change(wanted)
    assert change is not None
    try:
        said = change(value)
    except Unreadable as why:
        with pytest.raises(MessageError, match=why.why):
            made(value, wanted)
    else:
        assert made(value, wanted) == said


@pytest.mark.parametrize("value", [None, NULL, NOTHING_HOLDS])
def test_a_reference_passes_nothing_through(value):
    wanted = FieldType(kind="record", form="reference", choices=("Patient",))
    assert made(value, wanted) is value
    with pytest.raises(MessageError):
        made(7, wanted)


@pytest.mark.parametrize(
    "value, wanted",
    [
        ([" a ", "  ", NULL, "b\x01"], ["a", "b"]),
        (["  ", NULL], None),
        ([], None),
        ("a ", ["a"]),
        (NULL, NULL),
        (None, None),
    ],
)
def test_a_list_of_texts_holds_what_is_something(value, wanted):
    field = FieldType(kind="list", form="list", item=TEXT, wraps=True)
    assert made(value, field) == wanted


@pytest.mark.parametrize("count", [2, 3, 4, 5])
@pytest.mark.parametrize("word", ["and", "or"])
def test_conditions_are_asked_from_left_to_right_until_one_decides(count, word):
    for values in product((True, False), repeat=count):
        asked: list[int] = []

        def asking(at: int, values=values, asked=asked) -> Term:
            def run(scope):
                asked.append(at)
                return values[at]

            return Term(run=run, offset=0, kind="truth")

        found = chain(word, [asking(at) for at in range(count)]).run(NOWHERE)
        assert found is (all(values) if word == "and" else any(values))
        decides = word == "or"
        last = values.index(decides) if decides in values else count - 1
        assert asked == list(range(last + 1))
