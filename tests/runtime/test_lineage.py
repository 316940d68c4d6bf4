"""From a message back to the files that decided about it."""

from __future__ import annotations

from tests.runtime.conftest import MAPPING, House, charge, until


async def test_every_message_leads_to_the_files_of_its_time(house: House) -> None:
    await house.start()
    await house.send(charge("C1"))
    edited = MAPPING + "  event: MSH-9.2\n"
    house.write("mappings/charges.yaml", edited)
    assert (await house.order("reload"))["changed"] == ["charges"]
    assert (await house.order("reload"))["changed"] == []
    await house.send(charge("C2"))
    await until(lambda: house.partner.unique == 2)
    await house.stop()
    await house.start()
    archive = house.archive()
    texts = []
    for control in ("C1", "C2"):
        (found,) = archive.search(control=control)
        files = archive.release("charges", archive.made_by(found.id))
        assert files is not None and next(iter(files)) == "channels/charges.yaml"
        texts.append(files["mappings/charges.yaml"])
    assert texts == [MAPPING.encode(), edited.encode()]
    assert [one.who for one in archive.releases("charges")] == ["ann", ""], (
        "no row by a restart"
    )
    assert list(archive.verify()) == []
