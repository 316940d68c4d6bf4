"""A channel knows every file that it was made of."""

from __future__ import annotations

from pathlib import Path

from engine.channel import load_all
from engine.channel.home import load
from engine.installation import Installation
from engine.installation import load as installation
from engine.placed import Mistakes

FILES = {
    "channels/lab.yaml": "like: site\nwith: {port: 2575}\n",
    "channels/templates/site.yaml": (
        "parameters: {port: {}}\nsource:\n  mllp: {port: with.port}\nformat: hl7v2\ntransform: outer\n"
        "keys:\n  ward: PV1-3.1 | table(\"ward\")\n"
        "destinations:\n  out:\n    file: {folder: out, name: a.csv}\n"
    ),
    "mappings/outer.yaml": "from: hl7v2\nto: delimited/lines\nfields:\n  sex: PID-8 | table(\"sex\")\n",
    "mappings/layouts/lines.yaml": "columns: [sex]\n",
    "mappings/tables/sex.csv": "theirs,ours\nF,female\n",
    "mappings/tables/ward.csv": "theirs,ours\nA,1\n",
    "mappings/tables/unused.csv": "theirs,ours\nA,1\n",
}  # fmt: skip


def test_the_texts_of_a_channel_are_its_files_as_they_were_read(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    texts = dict(load_all(tmp_path).channels["lab"].texts)
    assert texts == {
        name: text.encode() for name, text in FILES.items() if "unused" not in name
    }
    assert list(texts)[:2] == ["channels/lab.yaml", "channels/templates/site.yaml"]


def test_a_mapping_that_another_one_uses_is_among_them() -> None:
    root, mistakes = Path(__file__).parents[2], Mistakes()
    file = root / "channels/charges_to_claims.yaml"
    channel = load(file, root, installation(root, mistakes) or Installation(), mistakes)
    assert channel is not None, mistakes.found
    paths = [path for path, _ in channel.texts]
    assert "mappings/insured_to_x12_2010ba.yaml" in paths
    assert "mappings/tables/x12_payer_rank.csv" in paths
