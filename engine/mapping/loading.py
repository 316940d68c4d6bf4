"""One file of `mappings/` on its way to a mapping, or to a part that others use."""

from __future__ import annotations

from engine.fhir.lifting import ANYWHERE
from engine.mapping import holds, kept, layouts, lifted, resource_types, uses
from engine.mapping.choices import only
from engine.mapping.choosing import Chooser, Choosing
from engine.mapping.files import Mapping
from engine.mapping.language import Language, Reads
from engine.mapping.making import Making
from engine.mapping.rules import Block, block
from engine.mapping.sources import Source, source
from engine.mapping.uses import Filled, Used
from engine.placed import Scalar


class Loading(Making):
    """One file of `mappings/`, compiled."""

    def mapping(self) -> Mapping | None:
        """The mapping; None where it has mistakes."""
        opened = self._opened()
        if opened is None:
            return None
        read, to, language, top = opened
        if "choose" in self.root.entries:
            return self._choosing(read, to, language, top)
        make = self._output(read, to, language, top)
        if make is None or self.uses.broken:
            return None
        asked = uses.asked(self.tables, self.uses, self.prints)
        return Mapping(
            self.name,
            read.name,
            to,
            block=top,
            make=make,
            slots=self.slots,
            asked=asked,
            prints=self.prints,
            part=read.part or self.is_part,
            layout=read.shape.type if read.file else None,
            thing=read.thing if read.name == "hl7v2" or read.shape.format == "fhir" else None,
        )

    def _choosing(
        self, read: Source, to: str, language: Language, top: Block
    ) -> Mapping | None:
        """A mapping that hands the message to one of several."""
        only(self.root, ("description", "from", "to", "let", "choose"), self.mistakes)
        node = self.root.entries["choose"]
        chooser = Chooser(self.shelf, self.zone, self.known)
        choices = chooser.choices(self.name, node, read.name, to, language)
        if choices is None:
            return None
        asked = uses.asked(self.tables, self.uses, self.prints)
        for _, mapping in choices:
            self.shelf.used.add(mapping.name)
            self.prints.update(mapping.name.encode() + mapping.digest)
            self.prints.files.update(mapping.files)
            asked = asked.with_(mapping.asked)
        return Choosing(
            self.name,
            read.name,
            to,
            choices=choices,
            block=top,
            slots=self.slots,
            asked=asked,
            prints=self.prints,
            layout=read.shape.type if read.file else None,
        )

    def part(self, group: Filled | None) -> Used | None:
        """The mapping as others use it, for fields or to fill a group; None where it has mistakes."""
        opened = self._opened()
        if opened is None:
            return None
        read, to, language, top = opened
        struct, content = None, None
        if group is not None:
            content = self._filling(group, to, language, top)
            if content is None:
                return None
        else:
            wanted = self._wanted(to)
            if wanted is None:
                self._makes_nothing(to)
                return None
            struct = wanted.struct
            self._fields(read, wanted, language, top)
        if self.uses.broken:
            return None
        asked = uses.asked(self.tables, self.uses, self.prints)
        return Used(
            name=self.name,
            file=self.file,
            source=read,
            to=to,
            struct=struct,
            block=top,
            content=content,
            reads=self.reads,
            count=self.slots.count,
            prints=self.prints,
            asked=asked,
            places=ANYWHERE if group is not None else lifted.of_rules(top.rules),
            repeats=None if self.reads else uses.repeats(read, to, self.tables, self.uses),
            made_of=_made_of(top) if group is None else None,
        )

    def _makes_nothing(self, to: str) -> None:
        """Note that others can use no fields of such an output."""
        node = self.root.entries["to"]
        head, _, name = to.partition("/")
        if head == "fhir":
            self.mistakes.add(node, resource_types.unknown(name))
            return
        problem = (
            "a mapping whose fields others use makes an entity, a part of one, "
            "json, or a resource or datatype of FHIR"
        )
        self.mistakes.add(node, problem, "to: PersonName")

    def _opened(self) -> tuple[Source, str, Language, Block] | None:
        """What it reads, what it makes, and the language inside its `each`, `let` and `when`."""
        read = source(self.root, self.shelf.home, self.mistakes, self.namespaces)
        node = self.root.entries.get("to")
        if not isinstance(node, Scalar) or not node.text:
            problem = "a mapping says 'to': what it makes"
            self.mistakes.add(node or self.root, problem, "to: ChargeEvent")
            return None
        if read is None:
            return None
        self.prints.file(layouts.path_of(read.name.partition("/")[2]), read.file)
        if read.name == "hl7v2" and not self._builds(node.text):
            read = holds.held(self.root, read, self.mistakes)
        language = Language(
            shape=read.shape,
            format=read.format,
            mistakes=self.mistakes,
            tables=self.tables,
            zone=self.zone,
            lets=dict(self.slots.channel),
            known=kept.foreign(self.known),
            memories=self.shelf.memories,
            nulls=not node.text.startswith("fhir/"),
            shared=self.shelf.shared if node.text.startswith("fhir/") else None,
        )
        top, inside = block(self.root, language, self.slots)
        return read, node.text, inside, top


def _made_of(top: Block) -> Reads:
    """What is read for all that a mapping makes; not known where it walks something."""
    every = (top.reads, *(rule.reads for rule in top.rules))
    return kept.all_of(every) if top.each is None else None
