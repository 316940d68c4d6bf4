"""A home is loaded whole: all mistakes of all files at once, and good channels beside broken ones."""

import time

import pytest

from engine.channel import Channel, load, load_all
from engine.errors import ConfigError
from engine.installation import Installation
from engine.placed import Mistakes

GOOD = "source:\n  mllp: {port: %d}\nformat: hl7v2\n"
HAND = "destinations:\n  next:\n    channel: {name: %s}\n"


def places(error) -> list[str]:
    return [f"{each.file}:{each.line}" for each in error.value.mistakes]


def test_an_empty_folder_is_a_home(tmp_path):
    home = load_all(tmp_path)
    assert home.channels == {} and home.installation == Installation()


def test_all_mistakes_of_all_files_at_once(home):
    with pytest.raises(ConfigError) as error:
        home(
            config="zone: Nowhere\n",
            one=GOOD.replace("%d", "high") + "keys: {a: XXXX-1}\n",
            two="source: [\n",
            three=GOOD.replace("hl7v2", "hl7") % 1,
        )
    assert places(error) == [
        "channels/one.yaml:2",
        "channels/one.yaml:4",
        "channels/three.yaml:3",
        "channels/two.yaml:1",
        "config.yaml:1",
    ]


def test_loaded_leniently_the_good_channels_stand_beside_the_mistakes(home):
    loaded = home(lenient=True, good=GOOD % 2575, bad=GOOD.replace("hl7v2", "hl7") % 2576)
    assert list(loaded.channels) == ["good"]
    assert [each.file for each in loaded.mistakes] == ["channels/bad.yaml"]


def test_a_broken_config_is_never_lenient(home):
    with pytest.raises(ConfigError):
        home(lenient=True, config="zone: Nowhere\n", good=GOOD % 2575)


def test_a_broken_mapping_breaks_every_channel_that_uses_it_and_is_told_once(home, tmp_path):
    (tmp_path / "mappings/broken.yaml").write_text("from: hl7v2\nto: Chargee\nfields: {}\n")
    using = "transform: broken\n"
    loaded = home(
        lenient=True,
        one=GOOD % 1 + using,
        two=GOOD % 2 + using,
        three=GOOD % 3 + "transform: charge\n",
    )
    assert list(loaded.channels) == ["three"]
    assert loaded.broken == {"one", "two"}
    assert len(loaded.mistakes) == 1


def test_a_mapping_that_nobody_uses_is_read_as_well(home, tmp_path):
    (tmp_path / "mappings/unused.yaml").write_text("from: hl7v2\nto: Chargee\nfields: {}\n")
    with pytest.raises(ConfigError, match=r"mappings/unused\.yaml:2:5"):
        home(one=GOOD % 1)
    assert list(home(lenient=True, one=GOOD % 1).channels) == ["one"]


def test_a_port_twice(home):
    loaded = home(lenient=True, one=GOOD % 2575, two=GOOD % 2575, three=GOOD % 2576)
    assert list(loaded.channels) == ["one", "three"]
    (mistake,) = loaded.mistakes
    assert (mistake.file, mistake.line, mistake.column) == ("channels/two.yaml", 2, 16)
    assert "the channel 'one'" in mistake.problem and mistake.write == "port: 2577"


def test_a_port_on_two_addresses_is_no_mistake(home):
    one, two = GOOD % 2575, GOOD.replace("%d", "2575, host: 10.0.0.1, plaintext: true")
    assert len(home(one=one, two=two).channels) == 2
    with pytest.raises(ConfigError):
        home(one=one, two=two.replace("10.0.0.1", "0.0.0.0"))


def test_any_free_port_may_stand_twice(home):
    assert len(home(one=GOOD % 0, two=GOOD % 0).channels) == 2


def test_handing_over_to_nobody(home):
    with pytest.raises(ConfigError, match=r"there is no channel .thre.*did you mean .three."):
        home(one=GOOD % 1 + HAND % "thre", three=GOOD % 3)


def test_handing_over_to_a_broken_channel_is_not_the_mistake_of_who_hands_over(home):
    loaded = home(
        lenient=True, one=GOOD % 1 + HAND % "two", two=GOOD.replace("hl7v2", "hl7") % 2
    )
    assert [each.file for each in loaded.mistakes] == ["channels/two.yaml"]


@pytest.mark.parametrize(
    "links, circle",
    [
        ({"a": "a"}, "a -> a"),
        ({"a": "b", "b": "a"}, "a -> b -> a"),
        ({"a": "b", "b": "c", "c": "a"}, "a -> b -> c -> a"),
        ({"a": "b", "b": "c", "c": "b"}, "b -> c -> b"),
    ],
)
def test_handing_over_in_a_circle_is_told_once(home, links, circle):
    channels = {
        name: GOOD % number + HAND % target
        for number, (name, target) in enumerate(links.items(), 2575)
    }
    with pytest.raises(ConfigError) as error:
        home(**channels)
    (mistake,) = error.value.mistakes
    assert mistake.problem.endswith(circle)


def test_a_channel_that_two_hand_over_to_is_no_circle(home):
    channels = {
        "a": GOOD % 1 + HAND % "c",
        "b": GOOD % 2 + HAND % "c",
        "c": GOOD % 3 + HAND % "d",
        "d": GOOD % 4,
    }
    assert len(home(**channels).channels) == 4


def test_the_release_changes_with_what_decides_and_the_restart_with_the_source(home, tmp_path):
    feed = GOOD % 2575 + "transform: charge\n"
    first = home(feed=feed)
    again = home(feed=feed)
    assert first.release == again.release
    other = home(feed=feed + "description: x\n")
    assert other.channels["feed"].release != first.channels["feed"].release
    assert other.channels["feed"].restart == first.channels["feed"].restart
    mapping = tmp_path / "mappings/charge.yaml"
    mapping.write_text(mapping.read_text() + "\n# changed\n")
    mapped = home(feed=feed)
    assert mapped.channels["feed"].release != first.channels["feed"].release
    port = home(feed=feed.replace("2575", "2576"))
    assert port.channels["feed"].restart != first.channels["feed"].restart
    assert port.release != first.release


def test_a_partners_address_changes_the_release(home):
    feed = GOOD % 2575 + "destinations:\n  lab:\n    mllp: {partner: lab}\n"
    config = "partners:\n  lab:\n    mllp: {host: 10.0.0.5, port: 1, tls: {}}\n"
    one = home(config=config, feed=feed).channels["feed"]
    two = home(config=config.replace("port: 1", "port: 2"), feed=feed).channels["feed"]
    assert one.release != two.release and one.restart == two.restart


def test_a_table_changes_the_release(home, tmp_path):
    (tmp_path / "mappings/tables").mkdir()
    table = tmp_path / "mappings/tables/sex.csv"
    table.write_text("theirs,ours\nF,female\n")
    feed = GOOD % 2575 + 'accept:\n  when: (PID-8 | table("sex")) == "female"\n'
    one = home(feed=feed).channels["feed"].release
    table.write_text("theirs,ours\nF,female\nM,male\n")
    assert home(feed=feed).channels["feed"].release != one


def test_one_channel_alone(home, tmp_path):
    home(feed=GOOD % 2575)
    mistakes = Mistakes()
    channel = load(tmp_path / "channels/feed.yaml", tmp_path, Installation(), mistakes)
    assert isinstance(channel, Channel) and not mistakes.found


def test_templates_and_hidden_files_are_not_channels(home, tmp_path):
    (tmp_path / "channels/templates").mkdir()
    (tmp_path / "channels/templates/site.yaml").write_text(GOOD % 2576)
    (tmp_path / "channels/.feed.yaml.swp").write_text("x: y\n")
    assert list(home(feed=GOOD % 2575).channels) == ["feed"]


@pytest.mark.slow
@pytest.mark.alone
def test_five_hundred_channels_load_quickly(home, tmp_path):
    charge = (tmp_path / "mappings/charge.yaml").read_text()
    channels = {}
    for number in range(500):
        (tmp_path / f"mappings/m{number}.yaml").write_text(f"{charge}# {number}\n")
        channels[f"c{number}"] = GOOD % (3000 + number) + f"transform: m{number}\n" + ROUTES
    began = time.perf_counter()
    assert len(home(**channels).channels) == 500
    assert time.perf_counter() - began < 4


ROUTES = """
keys: {mrn: PID-3.1, account: PID-18.1}
destinations:
  billing:
    render: charge_to_json
    http: {url: "https://billing.example.org/charges"}
    order_by: PID-3.1
  nightly:
    render: charge_to_json
    file: {folder: out, name: a.txt, append: true}
"""
