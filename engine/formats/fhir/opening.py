"""What `from: fhir/NAME` of a mapping reads: the message, or the resource that another mapping hands over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.errors import MessageError
from engine.fhir import definitions
from engine.formats.fhir import types
from engine.formats.fhir.document import Document
from engine.paths import Shape

FORMAT = "fhir"


def shape(name: str) -> Shape:
    """What is known of it at load; LookupError, with what is near, where R4 has no such type, or it is a mere value."""
    if not name:
        return Shape(format=FORMAT)
    type_ = types.of(name)
    if type_.kind != "record":
        raise LookupError(f"'{name}' is a value, and has nothing inside it")
    kind = "message" if definitions.is_resource(name) else "record"
    return Shape(format=FORMAT, kind=kind, name=name, type=type_)


def opened(name: str) -> Callable[[Any], Any]:
    """
    Makes a document of what a mapping is handed; MessageError `other_resource` where it reads another resource.

    >>> opened("Patient")({"resourceType": "Patient", "id": "1"}).control()
    '1'
    """

    def open_(thing: Any) -> Any:
        if not isinstance(thing, Document):
            if not isinstance(thing, dict) or not isinstance(thing.get("resourceType"), str):
                raise MessageError(
                    "other_resource", "a resource is read here, and this is none"
                )
            thing = Document(thing)
        if name and thing.value["resourceType"] != name:
            raise MessageError("other_resource", f"{name} is read here, and this is another resource")  # fmt: skip
        return thing

    return open_
