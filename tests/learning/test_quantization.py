"""Networks of eight bits: the same ends, nearly the same vectors, smaller; or none at all."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from lookalike.errors import BadModel
from lookalike.learning.quantization import quantize
from lookalike.models import open_session

SIDE, WIDTH, DIMS = 24, 16, 32
PIXELS = np.random.default_rng(7).normal(size=(48, 3, SIDE, SIDE)).astype(np.float32)


def small(is_half: bool) -> onnx.ModelProto:
    """Make three convolutions with a way around the last, the mean over the map, and a matrix; `map` comes second."""
    rng = np.random.default_rng(8)
    nodes, weights, maps, n_in = [], {}, "pixels", 3
    for n in range(3):
        weights[f"stored{n}"] = rng.normal(0, (2 / 9 / n_in) ** 0.5, (WIDTH, n_in, 3, 3))
        weights[f"bias{n}"] = rng.normal(0, 0.2, WIDTH).astype(np.float32)
        nodes += [
            helper.make_node("Cast", [f"stored{n}"], [f"kernel{n}"], to=TensorProto.FLOAT),
            helper.make_node("Conv", [maps, f"kernel{n}", f"bias{n}"], [f"conv{n}"], pads=[1] * 4),
        ]
        if n == 2:
            nodes.append(helper.make_node("Add", [f"conv{n}", maps], ["sum"]))
        nodes.append(helper.make_node("Relu", ["sum" if n == 2 else f"conv{n}"], [f"relu{n}"]))
        maps, n_in = f"relu{n}", WIDTH
    weights["matrix"] = rng.normal(size=(WIDTH, DIMS)).astype(np.float32)
    nodes += [
        helper.make_node("Identity", [maps], ["map"]),
        helper.make_node("ReduceMean", [maps], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["means", "matrix"], ["mixed"]),
        helper.make_node("LpNormalization", ["mixed"], ["vector"], axis=1, p=2),
    ]
    shapes = {"pixels": ["n", 3, SIDE, SIDE], "vector": ["n", DIMS], "map": ["n", WIDTH, SIDE, SIDE]}
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    kind = np.float16 if is_half else np.float32
    stored = {name: array.astype(kind if name.startswith("stored") else np.float32) for name, array in weights.items()}
    constants = [numpy_helper.from_array(array, name) for name, array in stored.items()]
    graph = helper.make_graph(nodes, "small", ends[:1], ends[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def answers(path: Path, pixels: NDArray[np.float32] = PIXELS) -> list[NDArray[np.float32]]:
    return open_session(path).run(["vector", "map"], {"pixels": pixels})


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "float.onnx"
    path.write_bytes(small(is_half=True).SerializeToString())
    return path


@pytest.mark.parametrize("is_half", [True, False])
def test_vectors_and_maps_stay_nearly_the_same(tmp_path: Path, is_half: bool) -> None:
    network, made = tmp_path / "float.onnx", tmp_path / "int8.onnx"
    network.write_bytes(small(is_half).SerializeToString())
    agreement = quantize(network, made, PIXELS)
    (vectors, maps), (exact, exact_maps) = answers(made), answers(network)
    assert agreement == pytest.approx((vectors * exact).sum(axis=1).mean(), abs=1e-6) and 0.99 < agreement < 1
    assert np.abs(maps - exact_maps).mean() < 0.05 * exact_maps.mean()
    assert sorted(tmp_path.iterdir()) == [network, made]


def test_every_convolution_has_weights_of_seven_bits_and_a_scale_for_each_channel(network: Path) -> None:
    made = network.with_name("int8.onnx")
    quantize(network, made, PIXELS)
    graph = onnx.load(made).graph
    constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    unpacked = {node.output[0]: node for node in graph.node if node.op_type == "DequantizeLinear"}
    kernels = [unpacked[node.input[1]] for node in graph.node if node.op_type == "Conv"]
    assert len(kernels) == 3
    for kernel in kernels:
        stored, scale = constants[kernel.input[0]], constants[kernel.input[1]]
        assert stored.dtype == np.int8 and np.abs(stored.astype(int)).max() <= 64 and scale.shape == (WIDTH,)


def test_a_picture_has_the_same_vector_alone_and_among_others(network: Path) -> None:
    made = network.with_name("int8.onnx")
    quantize(network, made, PIXELS)
    alone = np.concatenate([answers(made, PIXELS[n : n + 1])[1] for n in range(8)])
    assert (answers(made)[1][:8] == alone).all()


def test_the_same_pictures_give_the_same_file(network: Path) -> None:
    made = [network.with_name(name) for name in ("one.onnx", "other.onnx")]
    for path in made:
        quantize(network, path, PIXELS)
    assert made[0].read_bytes() == made[1].read_bytes()


def test_pictures_that_leave_the_others_no_range_are_refused(network: Path) -> None:
    glaring = PIXELS * np.where(np.arange(len(PIXELS)) < 16, 2000, 1).astype(np.float32)[:, None, None, None]
    with pytest.raises(BadModel, match=r"gives other vectors in eight bits"):
        quantize(network, network.with_name("int8.onnx"), glaring)
    assert list(network.parent.iterdir()) == [network]
