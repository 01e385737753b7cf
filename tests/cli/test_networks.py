"""Networks on the command line: what they take is measured and shown, and what they read labels pictures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lookalike.models import add_model
from lookalike.models.manifest import MEASURED
from tests.towers import visual, write_towers

Run = Callable[..., Any]
COLOURS = {"red": (210, 40, 30), "green": (30, 190, 60), "blue": (40, 30, 220)}


@pytest.fixture
def painted(tmp_path: Path) -> Path:
    """A folder for each colour, with three pictures of it."""
    for number, (name, rgb) in enumerate(list(COLOURS.items()) * 3):
        noise = np.random.default_rng(number).integers(-25, 26, (30, 40, 3))
        (tmp_path / "painted" / name).mkdir(parents=True, exist_ok=True)
        pixels = np.clip(np.array(rgb) + noise, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "painted" / name / f"{number}.png")
    return tmp_path / "painted"


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed network of colours, which new collections use."""
    monkeypatch.setenv("LOOKALIKE_MODEL", "colours")
    return add_model(write_towers(tmp_path / "made" / "colours"), tmp_path / "models").folder


def test_words_label_pictures_and_put_them_into_albums(network: Path, painted: Path, run: Run) -> None:
    assert run("add", painted).code == 0
    found = run("label", *COLOURS, "--json").json
    assert found["labels"] == list(COLOURS) and len(found["ids"]) == 9 and found["albums"] == {}
    assert sorted(found["best"]) == [0] * 3 + [1] * 3 + [2] * 3
    assert run("label", *COLOURS, "--albums", "--margin", 0.2, "--json").json["albums"] == dict.fromkeys(COLOURS, 3)
    again = run("label", *COLOURS, "--albums", "--json").json
    assert again["albums"] == dict.fromkeys(COLOURS, 0)
    items = run("albums", "show", "red", "--json").json["items"]
    assert {Path(item["paths"][0]).parent.name for item in items} == {"red"}


def test_labels_are_shown_with_the_surest_pictures(network: Path, painted: Path, run: Run) -> None:
    run("add", painted)
    answer = run("label", "red", "blue", "--query", "text:red", "--template", "a photo of the {}")
    assert answer.code == 0 and "9" not in answer.err
    header, red, blue = answer.out.splitlines()
    assert header.split() == ["label", "pictures", "the", "surest"]
    assert red.split()[:2] == ["red", "3"] and blue.split() == ["blue", "0"]
    assert "3 pictures labelled" in answer.err


def test_words_that_cannot_label_are_told(network: Path, painted: Path, run: Run) -> None:
    run("add", painted)
    assert "labels are 2 to 1000 different words" in run("label", "red").err
    assert "knows none of the words" in run("label", "red", "snark", "--template", "{}").err


def test_a_network_is_measured_and_listed_with_what_it_takes(network: Path, painted: Path, run: Run) -> None:
    [before] = run("models", "list", "--json").json["models"]
    assert before["measured"] is None
    measured = run("models", "measure", "colours", "--pictures", painted, "--json").json["models"]["colours"]
    assert 0 < measured["milliseconds_per_picture"] < 10_000 and 0 < measured["milliseconds_per_text"] < 10_000
    assert 1 << 24 < measured["peak_bytes"] < 1 << 34
    assert 0.9 < measured["low"] <= measured["mean_average_precision"] <= measured["high"] <= 1
    [after] = run("models", "list", "--json").json["models"]
    assert after["measured"] == measured and after["sha256"] == before["sha256"]
    assert run("models", "verify", "colours").code == 0
    line = next(line for line in run("models", "list").out.splitlines() if line.startswith("colours"))
    assert f"{measured['mean_average_precision']:.3f}" in line and ("MB" in line or "GB" in line)


def test_what_was_measured_of_other_files_is_not_shown(network: Path, run: Run) -> None:
    kept = {"sha256": "0" * 64, "milliseconds_per_picture": 1.0, "milliseconds_per_text": None, "peak_bytes": 5}
    for content in (
        {**kept, "n_threads": 1},
        {"sha256": "0" * 64},
        {**kept, "n_threads": "1"},
        {**kept, "more": 1},
        [kept],
        "nonsense",
    ):
        (network / MEASURED).write_text(json.dumps(content))
        [model] = run("models", "list", "--json").json["models"]
        assert model["measured"] is None


def test_a_network_that_cannot_run_is_not_measured(network: Path, run: Run) -> None:
    (network / "visual" / "model.onnx").write_bytes(visual(n_dims=5).SerializeToString())
    answer = run("models", "measure", "colours")
    assert answer.code == 1 and answer.err.startswith("Error: ")
    assert not (network / MEASURED).exists()


def test_networks_to_fetch_are_listed_until_they_are_there(tmp_path: Path, run: Run) -> None:
    answer = run("models", "list", "--json").json
    names = [one["name"] for one in answer["published"]]
    assert answer["models"] == [] and len(names) >= 4
    assert all(name in run("models", "list").out for name in names)
    add_model(write_towers(tmp_path / "made" / names[0]), tmp_path / "models")
    assert [one["name"] for one in run("models", "list", "--json").json["published"]] == names[1:]
