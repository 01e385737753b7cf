"""The model card says what the facts say."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from lookalike.errors import BadModel
from lookalike.learning.card import write_card

FACTS = {
    "step": 50,
    "n_steps": 200,
    "n_steps_before": 1200,
    "n_parameters": 12_345,
    "n_dims": 8,
    "n_bytes": 70_000,
    "gem_p": 3.25,
    "side": 48,
    "curve": [{"step": 50, "loss": 1.5, "mean_average_precision": 0.625, "pictures_per_second": 9.0}],
    "sources": {"forms": {"head": "forms", "about": "drawn", "n_trained": 1_050, "n_kept_aside": 14}},
    "n_labels": {"forms": 2},
}
FIGURE = {"what": "general", "value": 0.45, "low": 0.43, "high": 0.47, "command": "lookalike evaluate X"}


@pytest.fixture
def network(tmp_path: Path) -> Path:
    (tmp_path / "model.onnx").write_bytes(b"network")
    (tmp_path / "facts.json").write_text(json.dumps(FACTS))
    return tmp_path


def card(folder: Path) -> str:
    write_card(folder)
    return (folder / "README.md").read_text()


def test_a_card_has_the_facts(network: Path) -> None:
    text = card(network)
    assert "50 of 200 batches (25%)" in text
    assert "the weights that 1,200 batches" in text
    assert "| forms | 1,050 | 14 | forms | 2 | drawn |" in text
    assert "the mAP of pictures kept aside, each among those of its head, 0.625" in text
    assert "Not measured yet." in text


def test_measured_quality_is_shown_for_the_network_it_was_measured_on(network: Path) -> None:
    quality = {"sha256": sha256(b"network").hexdigest(), "figures": [FIGURE, {**FIGURE, "what": "products"}]}
    (network / "quality.json").write_text(json.dumps(quality))
    assert "| general | 0.450 | 0.430 to 0.470 | `lookalike evaluate X` |" in card(network)
    (network / "model.onnx").write_bytes(b"another")
    assert "Not measured yet." in card(network)


@pytest.mark.parametrize("name", ["facts.json", "quality.json"])
def test_damaged_facts_are_said_in_a_sentence(name: str, network: Path) -> None:
    (network / name).write_text("{}")
    with pytest.raises(BadModel, match="export the network again"):
        write_card(network)


def test_what_a_recipe_says_stays_in_its_cell(network: Path) -> None:
    source = {"head": "forms", "about": "drawn | by hand\nin ink", "n_trained": 5, "n_kept_aside": 1}
    (network / "facts.json").write_text(json.dumps({**FACTS, "sources": {"a|b": source}}))
    assert "| a\\|b | 5 | 1 | forms | 2 | drawn \\| by hand in ink |" in card(network)
