"""A network whose convolutions compute with whole numbers of eight bits: over twice as fast, half the bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from lookalike.errors import BadModel
from lookalike.learning.corpus import Corpus
from lookalike.models import Preprocessing, fit, open_session
from lookalike.models.preprocessing import normalize

OPERATORS = ["Conv", "Relu"]
"""What computes in eight bits. Sums and averages of maps stay float32: they take little time, and lose much."""
CALIBRATION = 512
"""Pictures that the ranges of the maps are read from."""
BATCH = 16
LEAST_AGREEMENT = 0.99
"""Mean cosine between the vectors before and after."""


def quantize(network: Path, into: Path, pixels: NDArray[np.float32]) -> float:
    """Write a network whose convolutions have weights and inputs of eight bits.

    Parameters
    ----------
    network : Path
        ONNX, in float32 or with weights stored as float16; batch normalization is folded into the convolutions. It
        takes one input and gives vectors, L2-normalized, first.
    into : Path
        The file to write; its ends have the same names, types and shapes.
    pixels : (N, 3, H, W) float32
        Pictures like those that it will see, as it takes them; none that it will be measured on.

    Returns
    -------
    agreement : float
        Mean cosine between the vectors of both networks for `pixels`.

    Raises
    ------
    BadModel
        If they agree less than `LEAST_AGREEMENT`; then nothing is written.

    References
    ----------
    Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
    CVPR 2018.
    Krishnamoorthi, "Quantizing Deep Convolutional Networks for Efficient Inference: A Whitepaper", 2018 (a scale for
    every channel).

    Notes
    -----
    Differs from the papers: nothing is trained again. A range is the mean over batches of their least and
    greatest number: the extremes of all pictures grow with their number, and one odd picture would coarsen the rest
    (from 256 to 1,024 pictures the agreement fell from 0.999 to 0.979). Weights have seven bits of the eight, because
    processors without instructions for such networks add products of neighbours in sixteen bits, which would overflow;
    so sums of products are exact everywhere, and the same on every processor.
    """
    from onnxruntime.quantization import QuantType, quantize_static

    with tempfile.TemporaryDirectory(dir=into.parent, prefix=".new-") as scratch:
        made = Path(scratch) / "model.onnx"
        quantize_static(
            _with_plain_weights(onnx.load(network)),
            made,
            _Reader(network, pixels),
            op_types_to_quantize=OPERATORS,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            extra_options={"CalibMovingAverage": True},
        )
        agreement = float((_vectors(network, pixels) * _vectors(made, pixels)).sum(axis=1).mean())
        if not agreement >= LEAST_AGREEMENT:
            raise BadModel(
                f"{network} gives other vectors in eight bits, they agree by {agreement:.4f} and not by "
                f"{LEAST_AGREEMENT}: use it as it is, or calibrate it with pictures like those it was trained on."
            )
        made.replace(into)
    return agreement


def calibration_pixels(corpus: Corpus, how: Preprocessing) -> NDArray[np.float32]:
    """Return pictures that were trained on, (N, 3, H, W) float32 as the network takes them, the same at every call."""
    trained = np.flatnonzero(~corpus.is_kept_aside)
    rows = np.random.default_rng(7).choice(trained, min(CALIBRATION, len(trained)), replace=False)
    pixels = np.empty((len(rows), 3, *how.size), np.float32)
    normalize(np.stack([fit(corpus.image(row), how) for row in rows]), how, pixels.transpose(0, 2, 3, 1))
    return pixels


class _Reader:
    """Hands out pictures in batches, as ONNX Runtime asks for them."""

    def __init__(self, network: Path, pixels: NDArray[np.float32]) -> None:
        self._name = _input_name(network)
        self._batches = _batches(pixels)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {self._name: batch}


def _batches(pixels: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    return (pixels[start : start + BATCH] for start in range(0, len(pixels), BATCH))


def _vectors(network: Path, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    session: Any = open_session(network)
    first = session.get_outputs()[0].name
    return np.concatenate([session.run([first], {_input_name(network): batch})[0] for batch in _batches(pixels)])


def _input_name(network: Path) -> str:
    return str(onnx.load(network).graph.input[0].name)


def _with_plain_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Turn weights of convolutions that are stored as float16 and cast into float32 ones, so that they are found."""
    graph = model.graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    wanted = {name for node in graph.node if node.op_type == "Conv" for name in node.input[1:]}
    for node in [node for node in graph.node if node.op_type == "Cast" and node.output[0] in wanted]:
        weights = numpy_helper.to_array(stored[node.input[0]]).astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(weights, node.output[0]))
        graph.initializer.remove(stored[node.input[0]])
        graph.node.remove(node)
    helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})  # done here: it need not warn
    return model
