"""The network as an ONNX graph, written node by node: what the exporters of PyTorch make has other names every year."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from lookalike.learning.network import ColourHistogram, Embedder, Residual

OPSET, IR_VERSION = 21, 10
"""What ONNX Runtime 1.20 reads, the oldest that Lookalike runs with."""
SPACE = [2, 3]
"""The axes of height and width."""


def onnx_of(network: Embedder) -> onnx.ModelProto:
    """Return a network as an ONNX model.

    Parameters
    ----------
    network : Embedder
        As it is in evaluation.

    Returns
    -------
    model : onnx.ModelProto
        Of `pixels` (N, 3, H, W) float32 it computes, as far as asked for, `vector` (N, D), L2-normalized; `map`
        (N, C, h, w), the last map; `early_map`, the map of the stage before, twice as wide and high; and `weights`
        (D, C), which take the generalized mean of `map` to its part of the vector, before that is normalized.

    Notes
    -----
    Batch normalization is folded into the convolutions and linear maps around it. Weights are stored as float16 and
    computed with as float32.
    """
    return _Graph().of(network)


class _Graph:
    """A graph that grows node by node; every method adds some and returns the name of what they compute."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def of(self, network: Embedder) -> onnx.ModelProto:
        maps = [self._convolution(network.stem, "pixels", is_rectified=True)]
        for stage in network.stages:
            maps.append(maps[-1])
            for block in stage:
                maps[-1] = self._residual(block, maps[-1])
        _, _, second, third, last = maps
        pooled = self._gem(last, float(network.pool.p))
        means = [self._histogram(network.colours, "pixels"), *self._mean_and_deviation(second), self._mean(third)]
        early = self._node("Concat", means, axis=1)
        late_weights, late_bias = _without_norm(network.from_last, network.norm_last)
        early_weights, early_bias = _without_norm(network.from_early, network.norm_early)
        self._weights(late_weights, "weights")
        summands = (
            self._node("Gemm", [pooled, "weights", self._constant(late_bias + early_bias)], transB=1),
            self._node("Gemm", [early, self._weights(early_weights)], transB=1),
        )
        self._unit(self._node("Add", summands), "vector")
        self._node("Identity", [last], "map")
        self._node("Identity", [third], "early_map")
        return self._model(network)

    def _model(self, network: Embedder) -> onnx.ModelProto:
        n_dims, n_last = network.from_last.weight.shape
        n_early = int(network.stages[2][-1].second[1].num_features)
        outputs: dict[str, list[str | int]] = {
            "vector": ["n", n_dims],
            "map": ["n", n_last, "map_height", "map_width"],
            "early_map": ["n", n_early, "early_height", "early_width"],
            "weights": [n_dims, n_last],
        }
        graph = helper.make_graph(
            self._nodes,
            "lookalike",
            [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, "height", "width"])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
            self._constants,
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="lookalike")
        helper.set_model_props(model, {"gem_p": repr(float(network.pool.p))})
        onnx.checker.check_model(model, full_check=True)
        return model

    def _node(self, operator: str, inputs: Sequence[str], name: str = "", **attributes: object) -> str:
        name = name or f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def _constant(self, values: NDArray[np.generic] | Sequence[int] | float) -> str:
        array = np.asarray(values)
        array = array.astype(np.float32) if array.dtype == np.float64 else array
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def _weights(self, values: Tensor, name: str = "") -> str:
        with np.errstate(over="ignore"):  # the comparison with PyTorch finds it
            half = self._constant(values.numpy().astype(np.float16))
        return self._node("Cast", [half], name, to=TensorProto.FLOAT)

    def _convolution(self, layers: nn.Sequential, maps: str, *, is_rectified: bool) -> str:
        """Add a convolution, and the normalization behind it."""
        convolution, norm = layers[0], layers[1]
        assert isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
        gain, shift = _gain_and_shift(norm)
        weights, bias = convolution.weight * (norm.weight * gain)[:, None, None, None], norm.bias + norm.weight * shift
        answer = self._plain_convolution(convolution, weights, bias, maps)
        return self._node("Relu", [answer]) if is_rectified else answer

    def _plain_convolution(self, convolution: nn.Conv2d, weights: Tensor, bias: Tensor, maps: str) -> str:
        return self._node(
            "Conv",
            [maps, self._weights(weights), self._constant(bias.numpy())],
            kernel_shape=list(convolution.kernel_size),
            strides=list(convolution.stride),
            pads=[int(side) for side in convolution.padding] * 2,
        )

    def _residual(self, block: Residual, maps: str) -> str:
        through = self._convolution(
            block.second, self._convolution(block.first, maps, is_rectified=True), is_rectified=False
        )
        around = list(block.around)
        if around and isinstance(around[0], nn.AvgPool2d):
            maps = self._node("AveragePool", [maps], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
            around = around[1:]
        if around:
            maps = self._convolution(nn.Sequential(*around), maps, is_rectified=False)
        return self._node("Relu", [self._node("Add", [through, maps])])

    def _mean(self, maps: str) -> str:
        return self._node("ReduceMean", [maps, self._constant(np.array(SPACE))], keepdims=0)

    def _gem(self, maps: str, p: float) -> str:
        powers = self._node("Pow", [self._node("Clip", [maps, self._constant(1e-4)]), self._constant(p)])
        return self._node("Pow", [self._mean(powers), self._constant(1 / p)])

    def _mean_and_deviation(self, maps: str) -> tuple[str, str]:
        mean, square = self._mean(maps), self._mean(self._node("Mul", [maps, maps]))
        variance = self._node("Sub", [square, self._node("Mul", [mean, mean])])
        variance = self._node("Add", [self._node("Relu", [variance]), self._constant(1e-5)])
        return mean, self._node("Sqrt", [variance])

    def _histogram(self, colours: ColourHistogram, pixels: str) -> str:
        maps = self._node("AveragePool", [pixels], kernel_shape=[2, 2], strides=[4, 4])
        first, second = colours.bins[0], colours.bins[2]
        maps = self._node("Relu", [self._plain_convolution(first, first.weight, first.bias, maps)])
        maps = self._plain_convolution(second, second.weight, second.bias, maps)
        shares = self._mean(self._node("Softmax", [maps], axis=1))
        return self._node("Sqrt", [self._node("Add", [shares, self._constant(1e-6)])])

    def _unit(self, vectors: str, name: str) -> str:
        lengths = self._node("ReduceL2", [vectors, self._constant(np.array([1]))], keepdims=1)
        lengths = self._node("Max", [lengths, self._constant(1e-12)])
        return self._node("Div", [vectors, lengths], name)


def _gain_and_shift(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return what batch normalization multiplies by and then adds, before its own weights."""
    assert norm.running_mean is not None and norm.running_var is not None
    gain = (norm.running_var + norm.eps).rsqrt()
    return gain, -norm.running_mean * gain


def _without_norm(linear: nn.Linear, norm: nn.BatchNorm1d) -> tuple[Tensor, NDArray[np.float32]]:
    """Return weights (D, C) and biases (D,) that do what the normalization and the linear map behind it do."""
    gain, shift = _gain_and_shift(norm)
    bias = linear.weight @ shift + (linear.bias if linear.bias is not None else torch.zeros(len(linear.weight)))
    return linear.weight * gain, bias.numpy()
