"""Small real networks: built with the onnx package, and computed a second time by naive loops."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIDE, CHANNELS, DIMS = 8, 4, 6
MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
PREPROCESS = {"size": SIDE, "mode": "RGB", "mean": MEAN, "std": STD, "interpolation": "bicubic"}

_rng = np.random.default_rng(7)
KERNEL = _rng.normal(size=(CHANNELS, 3, 3, 3)).astype(np.float32)
BIAS = _rng.normal(size=CHANNELS).astype(np.float32)
MATRIX = _rng.normal(size=(CHANNELS, DIMS)).astype(np.float32)
SHAPES = {
    "map": ["n", CHANNELS, 3, 3],
    "tokens": ["n", 9, CHANNELS],
    "logits": ["n", CHANNELS],
    "embedding": ["n", DIMS],
    "open": ["n", "d"],
}


def build(
    *outputs: str,
    batch: int | str = "n",
    kind: int = TensorProto.FLOAT,
    channels_last: bool = False,
    side: int | str = SIDE,
) -> onnx.ModelProto:
    """Make a network of one convolution, ReLU, averaging and one matrix, with any of the outputs of `SHAPES`."""
    nodes = [
        helper.make_node("Transpose", ["pixels"], ["planes"], perm=[0, 3, 1, 2])
        if channels_last
        else helper.make_node("Identity", ["pixels"], ["planes"]),
        helper.make_node("Cast", ["planes"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["numbers", "kernel", "bias"], ["edges"], strides=[2, 2], name="conv"),
        helper.make_node("Relu", ["edges"], ["map32"]),
        helper.make_node("GlobalAveragePool", ["map32"], ["means"]),
        helper.make_node("Flatten", ["means"], ["logits32"]),
        helper.make_node("MatMul", ["logits32", "matrix"], ["embedding32"]),
        helper.make_node("Identity", ["embedding32"], ["open32"]),
        helper.make_node("Constant", [], ["shape"], value_ints=[0, CHANNELS, 9]),
        helper.make_node("Reshape", ["map32", "shape"], ["flat"]),
        helper.make_node("Transpose", ["flat"], ["tokens32"], perm=[0, 2, 1]),
    ]
    answer = TensorProto.FLOAT16 if kind == TensorProto.FLOAT16 else TensorProto.FLOAT
    nodes += [helper.make_node("Cast", [f"{name}32"], [name], to=answer) for name in outputs]
    shape = [batch, side, side, 3] if channels_last else [batch, 3, side, side]
    weights = {"kernel": KERNEL, "bias": BIAS, "matrix": MATRIX}
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("pixels", kind, shape)],
        [helper.make_tensor_value_info(name, answer, [batch, *SHAPES[name][1:]]) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def naive(
    pixels: NDArray[np.uint8], *, mean: tuple[float, ...] = MEAN, std: tuple[float, ...] = STD
) -> dict[str, NDArray]:
    """Compute what `build` describes, pixel by pixel, from (N, 8, 8, 3) grey levels."""
    x = (pixels / 255 - np.array(mean)) / np.array(std)
    edges = np.zeros((len(x), CHANNELS, 3, 3))
    for n, c, i, j in np.ndindex(edges.shape):
        patch = x[n, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].transpose(2, 0, 1)
        edges[n, c, i, j] = max(0.0, float((patch * KERNEL[c]).sum() + BIAS[c]))
    logits = edges.mean(axis=(2, 3))
    return {"map": logits, "tokens": logits, "logits": logits, "embedding": logits @ MATRIX, "open": logits @ MATRIX}


def write_folder(folder: Path, network: onnx.ModelProto | bytes, preprocess: dict | None = None) -> Path:
    """Write the plain layout: model.onnx and preprocess_cfg.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(network if isinstance(network, bytes) else network.SerializeToString())
    (folder / "preprocess_cfg.json").write_text(json.dumps(preprocess or PREPROCESS))
    return folder


def with_data_file(network: onnx.ModelProto, location: str, n_bytes: int | None = None) -> onnx.ModelProto:
    """Return a copy whose matrix lies in another file."""
    copy = onnx.ModelProto()
    copy.CopyFrom(network)
    matrix = next(tensor for tensor in copy.graph.initializer if tensor.name == "matrix")
    matrix.ClearField("raw_data")
    matrix.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": "0", "length": str(n_bytes or MATRIX.nbytes)}.items():
        matrix.external_data.add(key=key, value=value)
    return copy


@pytest.fixture(name="build")
def _build() -> Callable[..., onnx.ModelProto]:
    return build


@pytest.fixture(name="naive")
def _naive() -> Callable[..., dict[str, NDArray]]:
    return naive


@pytest.fixture(name="write_folder")
def _write_folder() -> Callable[..., Path]:
    return write_folder


@pytest.fixture(name="with_data_file")
def _with_data_file() -> Callable[..., onnx.ModelProto]:
    return with_data_file


@pytest.fixture
def matrix() -> NDArray[np.float32]:
    return MATRIX


@pytest.fixture
def pixels() -> NDArray[np.uint8]:
    """Return 11 noisy pictures of the size that the network takes."""
    return np.random.default_rng(8).integers(0, 256, (11, SIDE, SIDE, 3), dtype=np.uint8)
