"""Networks of random numbers, and collections that they describe."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lookalike.collection import Collection
from lookalike.collection.record import Described, record_items
from lookalike.collection.space_files import load_space_files
from lookalike.media import Decoded
from lookalike.media.metadata import Metadata
from lookalike.models import add_model
from lookalike.settings import Settings
from lookalike.types import Frame, Instances


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


def invent(pictures: Collection, n: int, n_groups: int = 20, first: int = 0) -> None:
    """Add n pictures that nobody drew, with vectors in groups, as if they had been read and described."""
    rng = np.random.default_rng(7 + first)
    frame = Frame(np.zeros((1, 1, 3), np.uint8), (1, 1))
    whole = Instances(np.array([[0, 0, 1, 1]], np.float32), np.ones(1, np.float32), (None,))
    store = pictures._store
    with store.writing():
        files = [load_space_files(store, *target) for target in pictures._spaces.ensure().items()]
        vectors = {}
        for file in files:
            centres = np.random.default_rng(file.space.id).normal(size=(n_groups, file.space.n_dims))
            noisy = centres[rng.integers(n_groups, size=n)] + rng.normal(size=(n, file.space.n_dims))
            noisy /= np.linalg.norm(noisy, axis=1, keepdims=True)
            vectors[file.space.id] = noisy.astype(np.float32)
            file.append(vectors[file.space.id])
        decoded = [Decoded(f"{first + k:064x}", 1, "PNG", frame, b"", Metadata(), 1) for k in range(n)]
        hashes = rng.integers(0, 256, (n, 8), dtype=np.uint8)
        described = Described(decoded, [whole] * n, "whole", vectors, hashes, ["0" * 12] * n)
        with store.changes.begin() as connection:
            record_items(connection, described, files)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for seed, name in enumerate(("left", "right")):
        add_model(make_network(tmp_path / "made" / name, seed), tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def using(models: Path) -> Callable[..., Settings]:
    """Return settings of a collection with these networks, by the name of the one that is set."""

    def using(model: str | None = None) -> Settings:
        return Settings(workers=1, models=models, model=model)

    return using
