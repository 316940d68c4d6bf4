"""Templates: many channels of one file, their mistakes told once, with both places."""

import pytest

from engine.errors import ConfigError
from engine.formats import Scope
from engine.message import Context, Facts, Inbound

SITE = """\
parameters:
  facility: {description: MSH-4 of the site}
  port: {}
  codes: {default: [CG, CR]}
  limit: {default: 10}
description: "Charges of {with.facility}"
owner: revenue
source:
  mllp: {port: with.port}
format: hl7v2
let:
  site: with.facility
accept:
  when: MSH-4.1 == with.facility and FT1-6 in with.codes
keys: {label: "{with.facility}-{MSH-10}-{lower(with.facility)}"}
transform: charge
destinations:
  lab:
    when: quantity > with.limit
    render: charge_to_json
    http: {url: "https://lab.example.org/{with.facility}", path: "/{source_id}"}
    rate: 2
  copy:
    file: {folder: "out/{with.facility}", name: all.txt, append: true}
"""
NORTH = "like: adt_site\nwith: {facility: NORTH, port: 2576}\n"


@pytest.fixture
def site(home, tmp_path):
    """Writes the template (with a text of it replaced) and channels of it, and loads the home."""
    (tmp_path / "channels/templates").mkdir()

    def write(*, template: str = SITE, lenient: bool = False, **channels: str):
        (tmp_path / "channels/templates/adt_site.yaml").write_text(template)
        return home(lenient=lenient, **channels)

    return write


def told(site, **said):
    with pytest.raises(ConfigError) as error:
        site(**said)
    return str(error.value)


SAMPLE = b"MSH|^~\\&|OR|NORTH|C|N|20260105||DFT^P03|77|P|2.5.1\rFT1|1|||20260105||CR|1|||20\r"


def test_a_channel_is_made_of_a_template(site):
    channel = site(north=NORTH).channels["north"]
    assert (channel.name, channel.file, channel.template) == (
        "north",
        "channels/north.yaml",
        "adt_site",
    )
    assert channel.source.settings.port == 2576 and channel.description == "Charges of NORTH"
    facts = Facts(inbound=Inbound(raw=SAMPLE, received_at=0.0), context=Context(now=0.0))
    at = Scope(channel.format.parse(SAMPLE, channel.reading), facts, values=["NORTH"])
    assert [let.run(at) for let in channel.lets] == ["NORTH"]
    assert channel.accept[0].when.run(at) is True
    assert channel.keys[0][1].run(at) == "NORTH-77-north"
    settings = channel.routes[0].link.settings
    assert settings.url == "https://lab.example.org/NORTH"
    assert channel.routes[1].link.settings.folder == "out/NORTH"


def test_values_change_what_the_template_decides(site):
    other = NORTH.replace("2576}", '2577, codes: ["XX"], limit: 1000}')
    loaded = site(north=NORTH, south=other)
    facts = Facts(inbound=Inbound(raw=SAMPLE, received_at=0.0), context=Context(now=0.0))
    north, south = loaded.channels["north"], loaded.channels["south"]
    at = Scope(north.format.parse(SAMPLE, north.reading), facts, values=["NORTH"])
    assert north.accept[0].when.run(at) is True and south.accept[0].when.run(at) is False


def test_ten_facilities_of_one_template(site):
    said = {
        f"site_{number}": f"like: adt_site\nwith: {{facility: F{number}, port: {2600 + number}}}\n"
        for number in range(10)
    }
    loaded = site(**said)
    assert len(loaded.channels) == 10
    assert {channel.source.settings.port for channel in loaded.channels.values()} == {
        *range(2600, 2610)
    }
    assert len({channel.release for channel in loaded.channels.values()}) == 10


def test_the_channel_says_some_keys_itself_and_overrides_others(site):
    text = (
        NORTH
        + """
owner: north-team
description: The northern one
tags: [north]
override:
  let: {site: remove, other: MSH-3}
  destinations:
    lab: {rate: 5, when: remove, http: {headers: {X-Site: NORTH}}}
    copy: remove
    second:
      file: {folder: second, name: a.txt}
"""
    )
    channel = site(north=text).channels["north"]
    assert (channel.owner, channel.description) == ("north-team", "The northern one")
    assert channel.tags == ("north",) and channel.names == ("other",)
    lab, second = channel.routes
    assert (lab.rate, lab.when, lab.render.name) == (5, None, "charge_to_json")
    assert lab.link.settings.headers == {"X-Site": "NORTH"} and second.name == "second"


def test_a_template_is_a_part_of_the_release(site):
    before = site(north=NORTH).channels["north"]
    after = site(north=NORTH, template=SITE + "# a word\n").channels["north"]
    assert before.release != after.release and before.restart == after.restart


def test_a_mistake_in_a_template_names_both_places(site):
    wrong = SITE.replace("rate: 2", "rate: often")
    text = told(site, template=wrong, north=f"# one\n{NORTH}")
    assert text.startswith(
        "channels/templates/adt_site.yaml:22:11: destinations.lab.rate (used by channels/north.yaml:2)\n"
    )


def test_a_mistake_of_ten_channels_is_told_once(site):
    wrong = SITE.replace("rate: 2", "rate: often")
    said = {f"site_{number}": NORTH.replace("2576", str(2600 + number)) for number in range(10)}
    text = told(site, template=wrong, **said)
    assert text.count("destinations.lab.rate") == 1
    assert "channels/site_2.yaml:1 and 7 more)" in text


def test_a_wrong_value_is_told_where_it_stands_and_where_it_is_read(site):
    text = told(site, north=NORTH.replace("2576", "high"))
    assert text.startswith(
        "channels/north.yaml:2:31: with.port (used by channels/templates/adt_site.yaml:9:16)\n"
    )
    assert "'high' is not a whole number" in text or "not a whole number" in text


@pytest.mark.parametrize(
    "said, problem",
    [
        ("like: adt_sit\nwith: {facility: N, port: 1}\n", "did you mean 'adt_site'?"),
        ("like: adt_site\n", "needs 'facility' and 'port'"),
        ("like: adt_site\nwith: {facility: N}\n", "needs 'port'"),
        ("like: adt_site\nwith: {facilty: N, port: 1}\n", "did you mean 'facility'?"),
        ("like: adt_site\nwith: {facility: , port: 1}\n", "'facility' has no value"),
        ("like: adt_site\nwith: [N, 1]\n", "values for the template's parameters"),
        ("like: adt_site\nwith: {facility: [N], port: 1}\n", "not a list"),
        ("like: adt_site\nwith: {facility: '{N}', port: 1}\n", "no braces of its own"),
        (NORTH + "override: {destinations: {lap: {rate: 5}}}\n", "did you mean 'lab'?"),
        (NORTH + "override: {let: {sit: remove}}\n", "did you mean 'site'?"),
        (NORTH + "override: lab\n", "keys of the channel stand here"),
        (NORTH + "format: json\n", "override: {format: json}"),
        ("with: {facility: N}\nsource: {mllp: {port: 1}}\nformat: hl7v2\n", "goes with 'like'"),
    ],
)
def test_what_a_channel_says_wrong_of_its_template(site, said, problem):
    assert problem in told(site, north=said)


@pytest.mark.parametrize(
    "old, new, problem",
    [
        ("with.port", "with.prt", "no parameter 'prt'; did you mean 'port'?"),
        (
            "  limit: {default: 10}\n",
            "  limit: {default: 10}\n  more: {}\n",
            "reads 'with.more'",
        ),
        ("format: hl7v2", "like: other\nformat: hl7v2", "made of no other one"),
        ("  port: {}", "  port: {defualt: 1}", "did you mean 'default'?"),
        ("  port: {}", "  Port-1: {}", "no name for a parameter"),
        ('"out/{with.facility}"', "out/with.facility", "stands inside another word"),
        ('"out/{with.facility}"', '"out/with.facility"', "stands in braces"),
    ],
)
def test_what_a_template_says_wrong(site, old, new, problem):
    assert problem in told(site, template=SITE.replace(old, new), north=NORTH)


def test_a_template_that_nobody_uses_is_checked(site):
    other = "source: {mllp: {port: 1}}\nformat: hl7v2\n"
    assert list(site(feed=other).channels) == ["feed"]
    text = told(site, template=SITE.replace("rate: 2", "rate: often"), feed=other)
    assert text.startswith("channels/templates/adt_site.yaml:22:11: destinations.lab.rate\n")


def test_a_missing_parameter_is_all_that_is_told_of_it(site):
    text = told(site, north="like: adt_site\nwith: {facility: NORTH}\n")
    assert text.count("\n\n") == 0


def test_channels_beside_one_with_a_mistake_are_loaded(site):
    loaded = site(north=NORTH, south="like: adt_site\n", lenient=True)
    assert list(loaded.channels) == ["north"] and loaded.broken == {"south"}


def test_a_template_may_carry_tests_for_all(site, tmp_path):
    (tmp_path / "a.hl7").write_bytes(SAMPLE)
    tests = "tests:\n  - name: a\n    given: a.hl7\n    expect: {verdict: accepted}\n"
    channel = site(template=SITE + tests, north=NORTH).channels["north"]
    assert len(channel.tests) == 1


def test_a_port_twice_is_told_at_both_values(site):
    text = told(site, north=NORTH, south=NORTH)
    assert "channels/south.yaml:2:31: with.port" in text and "port 2576" in text
