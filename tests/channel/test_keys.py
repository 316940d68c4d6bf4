"""Keys that keep messages waiting, answer them, remember them or chain what is made of them, bound to their values."""

import pytest

from engine.errors import ConfigError
from engine.formats import Scope
from engine.grouping import batched
from engine.hours import Hours, is_open
from engine.message import Context, Facts, Inbound

SAMPLE = (
    b"MSH|^~\\&|OR|NORTH|CORRIDOR|NORTH|20260105101500||DFT^P03|77|P|2.5.1\r"
    b"PID|1||1000123^^^NORTH^MR||DOE^JANE|||||||||||||ACC1\r"
    b"PV1|1|I\r"
    b"FT1|1|||20260105||CG|4711|||2\r"
)
HEAD = "source:\n  mllp: {port: 2575}\nformat: hl7v2\n"
OUT = "destinations:\n  archive:\n    file: {folder: out, name: all.txt, append: true}\n"
CLAIM = """
from: [ChargeEvent]
to: json
fields:
  account: key
  lines:
    each: members[*]
    fields: {code: .item.code}
"""
COLLECT = (
    HEAD
    + """
transform: charge
collect:
  key: [patient_account.number, MSH-4]
  replace_by: source_id
  release: {when: exists(PV1-45), quiet: 72h, latest: 30d, at: ["14:00", "02:00"], most: 500}
  late: quarantine
"""
)


def feed(home, text, **others):
    return home(feed=text, **others).channels["feed"]


def mistakes(home, text, **others):
    with pytest.raises(ConfigError) as error:
        home(feed=text, **others)
    return str(error.value)


def scope(channel, item=None):
    facts = Facts(inbound=Inbound(raw=SAMPLE, received_at=0.0), context=Context(now=0.0))
    document = channel.format.parse(SAMPLE, channel.reading)
    whole = Scope(document, facts, values=[None] * len(channel.lets))
    return whole if item is None else whole.child(item, 1)


def charge(channel):
    at = scope(channel)
    (product,) = channel.transforms[0][0].apply(at.node, at.context, at.values)
    return product.entity


# -- hours ---------------------------------------------------------------------------------------------------------


def test_hours_of_source_and_destination_have_the_channels_zone(home):
    text = f'zone: America/Chicago\n{HEAD}{OUT}    open: "sat 08:00-12:00"\n'
    channel = feed(home, text.replace("2575}", '2575}\n  open: "mon-fri 06:00-18:00"'))
    assert isinstance(channel.open, Hours) and channel.open.zone == "America/Chicago"
    assert is_open(channel.routes[0].open, 1_795_269_600.0)
    assert feed(home, HEAD + OUT).open is None and feed(home, HEAD + OUT).routes[0].open is None


# -- remember ------------------------------------------------------------------------------------------------------


def test_what_is_remembered(home):
    text = """
remember:
  visit:
    key: [PID-18.1, MSH-4]
    fields: {class: PV1-2}
    for: 400d
    when: MSH-9.1 == "DFT"
"""
    channel = feed(home, HEAD + text)
    (memory,) = channel.remembers
    at = scope(channel)
    assert (memory.name, memory.for_) == ("visit", 400 * 86400)
    assert [part.run(at) for part in memory.key] == ["ACC1", "NORTH"]
    assert [(name, each.run(at)) for name, each in memory.fields] == [("class", "I")]
    assert memory.when is not None and memory.when.run(at) is True
    assert channel.stateful


def test_what_one_channel_remembers_another_recalls(home):
    remember = HEAD.replace("2575", "2576")
    remember += "remember: {visit: {key: PID-18.1, fields: {class: PV1-2}, for: 1d}}\n"
    recalling = HEAD + 'keys:\n  class: recall("visit", PID-18.1).class\n'
    assert feed(home, recalling, adt=remember).stateful
    assert "no channel here remembers 'visits'" in mistakes(
        home, recalling.replace('"visit"', '"visits"'), adt=remember
    )


def test_only_the_channel_itself_knows_what_it_changes(home):
    other = HEAD.replace("2575", "2576")
    other += "remember: {visit: {key: PID-18.1, fields: {class: PV1-2}, for: 1d}}\n"
    told = mistakes(home, HEAD + 'accept:\n  when: changed("visit")\n', adt=other)
    assert "feed.yaml:5" in told and "visit" in told


def test_a_mapping_asks_for_changes_of_its_channel_only(home, tmp_path):
    (tmp_path / "mappings/asks.yaml").write_text(
        'from: hl7v2\nto: json\nwhen: changed("visit")\nfields: {id: MSH-10}\n'
    )
    mine = "remember: {visit: {key: PID-18.1, fields: {class: PV1-2}, for: 1d}}\n"
    assert feed(home, HEAD + mine + "transform: asks\n").stateful
    (tmp_path / "channels/feed.yaml").unlink()
    told = mistakes(home, HEAD + "transform: asks\n", adt=HEAD.replace("2575", "2576") + mine)
    assert "this channel does not remember 'visit'" in told


# -- collect -------------------------------------------------------------------------------------------------------


def test_what_is_collected(home):
    channel = feed(home, COLLECT)
    collect = channel.collect
    at = scope(channel, charge(channel))
    assert [part.run(at) for part in collect.key] == ["ACC1", "NORTH"]
    assert collect.replace_by.run(at) == "77-1"
    release = collect.release
    assert release.when.run(at) is False
    assert (release.quiet, release.latest, release.most) == (72 * 3600, 30 * 86400, 500)
    assert release.at == (120, 840) and collect.late == "quarantine"
    assert channel.stateful and collect.then == ()


def test_a_group_goes_through_then_and_its_destinations_read_the_group(home, tmp_path):
    (tmp_path / "mappings/claim.yaml").write_text(CLAIM)
    channel = feed(
        home, COLLECT + "  then: claim\n" + OUT + "    order_by: key\n    when: count > 1\n"
    )
    assert [mapping.name for mapping in channel.collect.then] == ["claim"]
    assert channel.routes[0].order_by[0].paths == ("key",)


def test_no_message_is_at_hand_where_a_group_is_sent(home):
    assert "no message is at hand" in mistakes(home, COLLECT + OUT + "    order_by: MSH-10\n")


def test_without_then_each_entity_of_the_group_is_sent(home):
    channel = feed(home, COLLECT + OUT + "    render: charge_to_json\n    when: item.code > \"1\"\n")  # fmt: skip
    assert channel.routes[0].render.name == "charge_to_json"


@pytest.mark.parametrize("then", ["charge_to_json", "charge"])
def test_then_begins_with_a_mapping_that_reads_a_group(home, then):
    assert "from: [ChargeEvent]" in mistakes(home, COLLECT + f"  then: {then}\n")


def test_what_a_mapping_makes_is_not_read_by_a_files_name(home):
    text = (
        HEAD
        + "transform: {use: charge, then: charge_to_json}\n"
        + OUT.replace("all.txt", '"{number}.json"')
    )
    said = mistakes(home, text)
    assert "not the json that is made of it" in said and "channel's 'let' (number: ...)" in said
    assert "did you mean" not in said
    named = text.replace("transform", "let: {number: MSH-10}\ntransform")
    assert feed(home, named.replace(", append: true", "")).routes[0].options


# -- chains --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said, chains",
    [
        ("charge", [["charge"]]),
        ("[charge, edit]", [["charge"], ["edit"]]),
        ("{use: charge, then: charge_to_json}", [["charge", "charge_to_json"]]),
        ("{use: edit, then: [edit, charge]}", [["edit", "edit", "charge"]]),
        ("[{use: edit, then: charge}, edit]", [["edit", "charge"], ["edit"]]),
    ],
)
def test_chains(home, said, chains):
    channel = feed(home, f"{HEAD}transform: {said}\n")
    assert [[mapping.name for mapping in chain] for chain in channel.transforms] == chains


@pytest.mark.parametrize(
    "said, problem",
    [
        ("{use: charge, then: edit}", "reads hl7v2, but 'charge' before it makes ChargeEvent"),
        ("{use: charge_to_json}", "reads ChargeEvent, but the channel's format is hl7v2"),
        ("{then: charge}", "'use' is missing"),
        ("{use: charge, than: charge_to_json}", "did you mean 'then'?"),
        ("[]", "the name of a mapping stands here"),
    ],
)
def test_chains_that_do_not_fit(home, said, problem):
    assert problem in mistakes(home, f"{HEAD}transform: {said}\n")


def test_mappings_read_the_channels_let(home, tmp_path):
    (tmp_path / "mappings/note.yaml").write_text(
        "from: hl7v2\nto: json\nlet: {own: MSH-10}\nfields: {mrn: mrn, own: own, site: site}\n"
    )
    text = HEAD + "let:\n  unused: MSH-3\n  site: MSH-4\n  mrn: PID-3.1\ntransform: note\n"
    channel = feed(home, text)
    assert channel.names == ("unused", "site", "mrn")
    at = scope(channel)
    lets = [let.run(at) for let in channel.lets]
    (made,) = channel.transforms[0][0].apply(at.node, at.context, lets)
    assert made.payload == b'{"mrn":"1000123","own":"77","site":"NORTH"}'


# -- destinations --------------------------------------------------------------------------------------------------


def test_after_another_destination(home):
    text = f"{HEAD}{OUT}  lab:\n    after: archive\n    file: {{folder: lab, name: a.txt}}\n"
    assert [route.after for route in feed(home, text).routes] == ["", "archive"]


def test_a_batch(home):
    text = (
        HEAD
        + """
transform: charge
destinations:
  nightly:
    render: charge_to_json
    file: {folder: out, name: NAME}
    batch:
      close: {at: "23:30", most: 5000, quiet: 10m, latest: 24h}
      head: "H|{number}|{count}"
      foot: sum(members[*], .quantity)
      between: "\\r\\n"
""".replace("NAME", "'charges-{number}-{closed_at | format(\"%Y%m%d\")}.txt'")
    )
    channel = feed(home, text)
    (route,) = channel.routes
    assert channel.stateful
    assert route.batch.close.at == (1410,) and route.batch.close.latest == 86400
    assert route.batch.between == b"\r\n"
    assert [name for name, _ in route.options] == ["name"]
    made = batched(None)(number=7, count=2, members=())
    facts = Facts(inbound=Inbound(raw=b"", received_at=0.0), context=Context(now=0.0))
    assert route.batch.head.run(Scope(None, facts).child(made, 1)) == "H|7|2"


def test_the_message_is_not_at_hand_in_a_batch(home):
    text = HEAD + OUT.replace("all.txt, append: true", '"{MSH-10}.txt"')
    assert "no message is at hand" in mistakes(home, text + "    batch: {close: {most: 10}}\n")


def test_a_confirmation_on_another_channel(home):
    other = HEAD.replace("2575", "2576") + "keys: {po_number: MSH-10}\n"
    expect = "    expect: {from: replies, where: po_number, is: MSH-10, within: 4h}\n"
    (route,) = feed(home, HEAD + OUT + expect, replies=other).routes
    assert (route.expect.from_, route.expect.where, route.expect.within) == (
        "replies",
        "po_number",
        14400,
    )
    assert "has no key 'po'" in mistakes(
        home, HEAD + OUT + expect.replace("where: po_number", "where: po"), replies=other
    )


def test_answers_go_to_a_channel_that_takes_them(home):
    other = "source: {channel: {}}\nformat: hl7v2\n"
    to = "destinations:\n  lab:\n    mllp: {host: 127.0.0.1, port: 1}\n    reply: {to: replies}\n"
    (route,) = feed(home, HEAD + to, replies=other).routes
    assert route.replies.to == "replies"
    listens = other.replace("{channel: {}}", "{mllp: {port: 2576}}")
    assert "takes its messages from mllp" in mistakes(home, HEAD + to, replies=listens)
    again = other + to.replace("replies", "replies")
    assert "in a circle: replies -> replies" in mistakes(home, HEAD + to, replies=again)


# -- source --------------------------------------------------------------------------------------------------------

PAYER = "destinations:\n  payer:\n    mllp: {host: 127.0.0.1, port: 1}\n"


def answering(said):
    return HEAD.replace("2575}", f"2575}}\n  answer: {said}") + PAYER


def test_the_sender_gets_a_destinations_answer(home):
    channel = feed(home, answering("{from: payer, within: 20s, otherwise: AE, render: edit}"))
    answer = channel.answer
    assert (answer.from_, answer.within, answer.otherwise) == ("payer", 20, "AE")
    assert [[step.name for step in chain] for chain in answer.transforms] == [["edit"]]
    assert channel.routes[0].keep_answers


def test_the_reply_is_made_by_mappings_as_a_channels_message_is(home):
    said = (
        "{from: payer, within: 20s, otherwise: AE, transform: [edit, {use: edit, then: edit}]}"
    )
    answer = feed(home, answering(said)).answer
    assert [[step.name for step in chain] for chain in answer.transforms] == [
        ["edit"],
        ["edit", "edit"],
    ]
    assert answer.format.__name__.endswith("hl7v2")


@pytest.mark.parametrize(
    "said, problem",
    [
        ("{from: payor, within: 20s, otherwise: AE}", "did you mean 'payer'?"),
        ("{from: payer, otherwise: AE}", "'within' is missing"),
        ("{from: payer, within: 20s, otherwise: AA}", "'AA' is none of AE, AR"),
        (
            "{from: payer, within: 20s, otherwise: AE, render: charge_to_json}",
            "'payer' answers in hl7v2",
        ),
    ],
)
def test_answers_that_cannot_be(home, said, problem):
    assert problem in mistakes(home, answering(said))


def test_a_layout_is_what_a_format_needs(home):
    text = HEAD.replace("hl7v2", "hl7v2/oru")
    assert "takes no layout" in mistakes(home, text)


def test_the_release_changes_with_what_follows_a_group(home, tmp_path):
    (tmp_path / "mappings/claim.yaml").write_text(CLAIM)
    before = feed(home, COLLECT + "  then: claim\n").release
    (tmp_path / "mappings/claim.yaml").write_text(CLAIM + "  n: count\n")
    assert feed(home, COLLECT + "  then: claim\n").release != before
