"""Networks of random numbers, and collections that they describe."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

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
def using(models: Path) -> Callable[..., Settings]:
    """Return settings of a collection with these networks, by the name of the one that is set."""

    def using(model: str | None = None) -> Settings:
        return Settings(workers=1, models=models, model=model)

    return using
