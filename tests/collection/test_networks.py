"""Collections whose `picture` space a network describes, and what becomes of them when it changes."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lookalike.collection import Collection
from lookalike.errors import IncompatibleCollection, ModelNotFound
from lookalike.models import add_model
from lookalike.settings import Settings


def make_network(folder: Path, seed: int) -> Path:
    """Write a network that looks at pictures of 32 x 32 through eight random filters and answers with their means."""
    filters = np.random.default_rng(seed).normal(size=(8, 3, 5, 5)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["pixels", "filters"], ["seen"], strides=[2, 2]),
        helper.make_node("Relu", ["seen"], ["fired"]),
        helper.make_node("GlobalAveragePool", ["fired"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "eyes",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, 32, 32])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 8])],
        [numpy_helper.from_array(filters, "filters")],
    )
    folder.mkdir(parents=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "model.onnx")
    looks = {"size": 32, "mode": "RGB", "mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic"}
    (folder / "preprocess_cfg.json").write_text(json.dumps({**looks, "resize_mode": "squash", "fill_color": 0}))
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for seed, name in enumerate(("left", "right")):
        add_model(make_network(tmp_path / "made" / name, seed), tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def place(tmp_path: Path, folder: Path, models: Path, draw) -> Path:  # type: ignore[no-untyped-def]
    for seed in range(6):
        draw(folder / f"{seed}.png", seed)
    with Collection(tmp_path / "c", settings=Settings(workers=1, models=models, model="left")) as pictures:
        assert pictures.add(folder).added == 6
    return tmp_path / "c"


def versions(place: Path, models: Path, model: str | None = None) -> dict[str, tuple[int, int]]:
    with Collection(place, settings=Settings(workers=1, models=models, model=model)) as pictures:
        return {space.name: (space.dims, space.vectors) for space in pictures.stats().spaces}


def test_a_network_describes_the_pictures_and_finds_a_copy(place: Path, models: Path, folder: Path) -> None:
    assert versions(place, models)["picture"] == (8, 6)
    with Collection(place, settings=Settings(workers=1, models=models)) as pictures:
        hits = pictures.search(folder / "3.png", k=3)
        assert hits[0].path == folder / "3.png"
        assert hits[0].evidence[0].similarity == pytest.approx(1, abs=0.001)
        assert not hits.judged
        assert pictures.verify().ok


def test_the_network_that_made_a_collection_is_found_again_without_a_setting(place: Path, models: Path) -> None:
    with Collection(place, settings=Settings(workers=1, models=models)) as pictures:
        assert len(pictures.search("#1", k=5)) == 5


def test_without_its_network_a_collection_says_what_is_missing(place: Path, tmp_path: Path) -> None:
    elsewhere = Settings(workers=1, models=tmp_path / "none")
    with Collection(place, settings=elsewhere) as pictures, pytest.raises(ModelNotFound, match="models add FOLDER"):
        pictures.search("#1")


def test_an_unknown_network_is_refused(tmp_path: Path, models: Path, folder: Path) -> None:
    settings = Settings(workers=1, models=models, model="third")
    unknown = pytest.raises(ModelNotFound, match="third is not installed, known are left, right")
    with Collection(tmp_path / "new", settings=settings) as pictures, unknown:
        pictures.add(folder)


def test_the_network_that_made_a_collection_stays_with_it_whatever_the_setting(place: Path, models: Path) -> None:
    with Collection(place, settings=Settings(workers=1, models=models, model="right")) as pictures:
        assert len(pictures.search("#1", k=5)) == 5


def test_repair_describes_anew_what_another_version_described(
    place: Path,
    models: Path,
    folder: Path,
    rows,  # type: ignore[no-untyped-def]
) -> None:
    with Collection(place, settings=Settings(workers=1, models=models)) as pictures:
        before = [hit.id for hit in pictures.search("#1@colour", k=5)]
        pictures.make_album("kept", [1, 2])
    with Collection(place, settings=Settings(workers=1, models=models)) as pictures:
        rows(pictures, "UPDATE spaces SET version = 'older' WHERE name = 'colour'")
    (place / "catalog.crc").unlink()
    with Collection(place, settings=Settings(workers=1, models=models)) as pictures:
        with pytest.raises(IncompatibleCollection, match="run `lookalike repair`"):
            pictures.search("#1@colour")
        with pytest.raises(IncompatibleCollection, match="run `lookalike repair`"):
            pictures.add(folder)
        assert pictures.repair().described == 6
        assert pictures.verify().problems == ()
        assert [hit.id for hit in pictures.search("#1@colour", k=5)] == before
        assert len(list(pictures.album("kept"))) == 2
