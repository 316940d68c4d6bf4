"""A channel's file becomes a Channel: every key of the release, its default, and what it is bound to."""

import pytest

from engine.channel import CLASSES
from engine.errors import ConfigError
from engine.formats import Scope
from engine.message import Context, Facts, Inbound
from engine.settings import Secret

SAMPLE = (
    b"MSH|^~\\&|OR|NORTH|CORRIDOR|NORTH|20260105101500||DFT^P03|77|P|2.5.1\r"
    b"PID|1||1000123^^^NORTH^MR||DOE^JANE\r"
)
HEAD = "source:\n  mllp: {port: 2575}\nformat: hl7v2\n"
OUT = "destinations:\n  archive:\n    file: {folder: out, name: all.txt, append: true}\n"


def scope(channel):
    facts = Facts(inbound=Inbound(raw=SAMPLE, received_at=0.0), context=Context(now=0.0))
    document = channel.format.parse(SAMPLE, channel.reading)
    return Scope(document, facts, values=[None] * len(channel.lets))


def test_the_least_that_is_a_channel(home):
    channel = home(feed=HEAD).channels["feed"]
    assert (channel.name, channel.file, channel.class_) == (
        "feed",
        "channels/feed.yaml",
        "supply",
    )
    assert channel.source.kind == "mllp" and channel.source.settings.port == 2575
    assert channel.source.module.__name__ == "engine.connectors.mllp"
    assert (channel.format_name, channel.zone) == ("hl7v2", "UTC")
    assert channel.accept == () and channel.routes == () and channel.transforms == ()
    values = [each.run(scope(channel)) for each in channel.unique]
    assert values == ["OR", "NORTH", "77"]


def test_all_that_a_channel_may_say(home):
    channel = home(
        config="zone: Europe/Vienna\n",
        feed="""
description: Charges
owner: revenue
class: revenue
tags: [charges, or]
zone: America/Chicago
source:
  mllp: {port: 0}
  encoding: iso-8859-1
  unmappable: replace
  mode: enhanced
format: hl7v2
let:
  mrn: PID-3[.5 == "MR"].1
  twice: "{mrn}{mrn}"
accept:
  - when: MSH-9.1 == "DFT"
    otherwise: reject
    because: only DFT
  - when: mrn == "1000123"
  - unique: [MSH-10, PID-3.1]
  - processing: test
keys:
  mrn: mrn
transform: charge
destinations:
  billing:
    of: ChargeEvent
    when: quantity > 0
    render: charge_to_json
    http: {url: "https://billing.example.org/charges", path: "/{source_id}"}
    order_by: [item.code, PID-3.1]
    concurrency: 4
    rate: 600/m
    retry: {attempts: 3}
    on_uncertain: hold
    on_refused: wait
    queue_limit: 10
    renamed_from: bills
    discard_queued: true
    reply:
      accepted: status == "201"
      keep: {their_number: id}
alerts: {queue_age: 1m, silent: 2h}
""",
    ).channels["feed"]
    assert (channel.description, channel.owner) == ("Charges", "revenue")
    assert (channel.class_, channel.tags) == ("revenue", ("charges", "or"))
    assert channel.zone == "America/Chicago"
    reading = channel.reading
    assert (reading.encoding, reading.unmappable) == ("iso-8859-1", "replace")
    assert (reading.mode, channel.processing) == ("enhanced", "test")
    at = scope(channel)
    for slot, let in enumerate(channel.lets):
        at.values[slot] = let.run(at)
    assert at.values == ["1000123", "10001231000123"]
    rules = [(rule.otherwise, rule.because) for rule in channel.accept]
    assert rules == [("reject", "only DFT"), ("filter", "")]
    assert [rule.when.run(at) for rule in channel.accept] == [True, True]
    assert [each.run(at) for each in channel.unique] == ["77", "1000123"]
    assert [(name, each.run(at)) for name, each in channel.keys] == [("mrn", "1000123")]
    assert (channel.alerts.queue_age, channel.alerts.silent) == (60, 7200)
    (route,) = channel.routes
    assert (route.name, route.of, route.render.name) == (
        "billing",
        "ChargeEvent",
        "charge_to_json",
    )
    assert (route.concurrency, route.rate, len(route.order_by)) == (4, 10, 2)
    assert route.policy.retry.attempts == 3 and route.policy.retry.first_wait == 5
    assert (route.policy.on_uncertain, route.policy.on_refused) == ("hold", "wait")
    assert (route.queue_limit, route.renamed_from, route.discard_queued) == (10, "bills", True)
    assert [name for name, _ in route.options] == ["path"]
    assert route.replies.accepted is not None and route.replies.retry is None
    assert [name for name, _ in route.replies.keep] == ["their_number"]


def test_a_class_changes_the_defaults_together(home):
    for name in CLASSES:
        channel = home(feed=f"class: {name}\n{HEAD}{OUT}").channels["feed"]
        age, wait = channel.alerts.queue_age, channel.routes[0].policy.retry.first_wait
        assert (name, age, wait) in [
            ("care", 300, 1),
            ("revenue", 1800, 5),
            ("supply", 1800, 5),
            ("admin", 14400, 30),
        ]


def test_config_changes_a_class_and_the_channel_changes_both(home):
    config = "defaults:\n  supply: {retry: {first_wait: 7s}, queue_limit: 5}\n"
    channel = home(config=config, feed=f"{HEAD}{OUT}    retry: {{attempts: 2}}\n").channels[
        "feed"
    ]
    route = channel.routes[0]
    assert (route.policy.retry.first_wait, route.policy.retry.attempts) == (7, 2)
    assert (route.policy.retry.longest_wait, route.queue_limit) == (300, 5)


@pytest.mark.parametrize(
    "accept, count",
    [("", 3), ("accept: {unique: MSH-10}\n", 1), ("accept: {unique: [MSH-10, MSH-3]}\n", 2)],
)
def test_the_duplicate_key(home, accept, count):
    assert len(home(feed=HEAD + accept).channels["feed"].unique) == count


def test_duplicates_may_be_left_unchecked(home):
    assert home(feed=HEAD + "accept: {unique: none}\n").channels["feed"].unique is None


@pytest.mark.parametrize(
    "order, lanes, concurrency",
    [("", (), 1), ("    order_by: none\n", None, 8), ("    order_by: PID-3.1\n", 1, 8)],
)
def test_order_and_concurrency(home, order, lanes, concurrency):
    route = home(feed=HEAD + OUT + order).channels["feed"].routes[0]
    made = len(route.order_by) if route.order_by else route.order_by
    assert (made, route.concurrency) == (lanes, concurrency)


def test_a_partner_stands_under_the_channels_own_settings(home):
    config = "partners:\n  lab:\n    mllp: {host: 10.0.0.5, port: 2575, tls: {}, timeout: 7s}\n"
    feed = f"{HEAD}destinations:\n  lab:\n    mllp: {{partner: lab, port: 2600}}\n"
    settings = home(config=config, feed=feed).channels["feed"].routes[0].link.settings
    assert (settings.host, settings.port, settings.timeout) == ("10.0.0.5", 2600, 7)


def test_listeners_are_bound_to_loopback_until_the_configuration_says_otherwise(home):
    assert home(feed=HEAD).channels["feed"].source.settings.host == "127.0.0.1"
    loaded = home(config="listen: {host: 0.0.0.0, plaintext: true}\n", feed=HEAD)
    assert loaded.channels["feed"].source.settings.host == "0.0.0.0"
    loaded = home(feed=HEAD.replace("2575", "2575, host: 10.0.0.1, plaintext: true"))
    assert loaded.channels["feed"].source.settings.host == "10.0.0.1"


def test_a_constant_text_with_holes_is_in_the_settings(home):
    feed = HEAD + OUT.replace("all.txt", '"a{{b"')
    route = home(feed=feed).channels["feed"].routes[0]
    assert route.options == () and route.link.settings.name == "a{b"


def test_holes_are_filled_for_every_message_and_made_safe(home):
    feed = HEAD + OUT.replace("all.txt", '"../{PID-5.1}/{MSH-10}.txt"').replace(
        ", append: true", ""
    )
    with pytest.raises(ConfigError):
        home(feed=HEAD + OUT.replace("all.txt", '"{PIDD-5.1}"'))
    channel = home(feed=feed).channels["feed"]
    ((name, text),) = channel.routes[0].options
    assert (name, text.run(scope(channel))) == ("name", "../DOE/77.txt")


def test_secrets_are_references(home):
    feed = f"""{HEAD}destinations:
  erp:
    http:
      url: https://erp.example.org
      auth: {{bearer: {{env: ERP_TOKEN}}}}
"""
    settings = home(feed=feed).channels["feed"].routes[0].link.settings
    assert settings.auth.bearer == Secret(env="ERP_TOKEN")


def test_render_says_which_of_several_products_a_destination_takes(home):
    feed = f"""{HEAD}transform: [charge, edit]
destinations:
  billing:
    render: charge_to_json
    file: {{folder: out, name: a.txt}}
  downstream:
    of: hl7v2
    mllp: {{host: 10.0.0.5, port: 2575, tls: {{}}}}
"""
    routes = home(feed=feed).channels["feed"].routes
    assert [(route.name, route.of) for route in routes] == [
        ("billing", "ChargeEvent"),
        ("downstream", "hl7v2"),
    ]


def test_the_answer_of_an_mllp_partner_is_hl7_and_of_an_http_partner_json(home):
    feed = f"""{HEAD}destinations:
  lab:
    mllp: {{host: 10.0.0.5, port: 2575, tls: {{}}}}
    reply: {{retry: ERR-3.1 == "207"}}
  erp:
    http: {{url: "https://erp.example.org"}}
    reply: {{keep: {{number: document.number}}}}
  other:
    http: {{url: "https://erp.example.org"}}
    reply: {{format: hl7v2, accepted: MSA-1 == "AA"}}
"""
    routes = home(feed=feed).channels["feed"].routes
    names = [route.replies.format.__name__.rpartition(".")[2] for route in routes]
    assert names == ["hl7v2", "json", "hl7v2"]
