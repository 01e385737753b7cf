"""From JPEG to vector and 256-bit code: the plain way against ours, step by step, one thread, in the same run.

    python benchmarks/describing.py [--network FOLDER [--float FOLDER]] [--folder PICTURES]

The network is the one that comes with the package, else --network. The plain way is Pillow's open and resize, NumPy's
normalization, and the network in float32, picture by picture; its network is --float, else the given one with its
eight-bit numbers taken as float32. Beside it, MobileNetV3-large and ResNet-18 with random weights see pictures of the
same size. PICTURES holds a folder of JPEG files per class, and then mAP is compared too; otherwise pictures are drawn.

Times are processor time, so that other work on the machine counts little: medians of rounds in which all ways take
their turns.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image as Pillow

from lookalike.codes.sign import sign_coder
from lookalike.describers.bundled import FOLDER as BUNDLED
from lookalike.describers.network import network_describer
from lookalike.metrics import average_precisions
from lookalike.models import Model, Network, fit, open_network, read_model
from lookalike.sample import KINDS, draw_picture

N_BITS = 256
CHUNK = 64
ROUNDS = 5
N_DRAWN = {(375, 500): 96, (3000, 4000): 6}
"""Pictures by height and width: as the web has them, and as cameras do."""

Way = Callable[[Sequence[bytes]], NDArray[np.float32]]


def main() -> None:
    """Measure the network and its neighbours on every set of pictures, and print a table for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", type=Path)
    parser.add_argument("--float", type=Path, dest="exact")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    folder = options.network or BUNDLED
    if not folder.is_dir():
        print("This package was built without a network: name one by --network FOLDER.")
        return
    with tempfile.TemporaryDirectory() as scratch:
        shipped = read_model(folder)
        exact = read_model(options.exact) if options.exact else in_float(shipped, Path(scratch) / "float")
        others = {
            name: written(Path(scratch) / name, build(), shipped)
            for name, build in {"MobileNetV3-large": mobile_net_v3_large, "ResNet-18": resnet_18}.items()
        }
        for title, contents, labels in sets(options.folder):
            print(f"\n{title}; the network sees {shipped.preprocessing.size}")
            found = ways(exact, shipped)
            measure(found, contents)
            if labels is not None:
                quality(found, contents, np.array(labels))
            for name, model in others.items():
                print(f"{name}, random weights, float32")
                measure({"plain": partial(plain, open_network(model)), "ours": ours(model)}, contents)


def ways(exact: Model, shipped: Model) -> dict[str, Way]:
    """Return the ways from JPEG to vector, each with one thing more than the one before."""
    wants_areas = replace(exact, preprocessing=replace(exact.preprocessing, interpolation="area"))
    network, by_areas = open_network(exact), open_network(wants_areas)
    found = {
        "plain": partial(plain, network),
        "+ scaled decoding": partial(plain, network, draft=network_describer(exact).size),
        "+ areas, one pass": partial(in_one_pass, by_areas, network_describer(exact).size),
        "+ batches": ours(wants_areas),
    }
    if exact.sha256 != shipped.sha256:
        found["+ eight bits"] = ours(shipped)
    describe = list(found.values())[-1]
    return {**found, f"+ {N_BITS}-bit code": partial(encoded, describe)}


def plain(network: Network, contents: Sequence[bytes], draft: int | None = None) -> NDArray[np.float32]:
    """Return the vectors (N, D) that come the plain way; `draft` is a length that the longer side keeps at least."""
    height, width = network.preprocessing.size
    mean, std = (np.asarray(each, np.float32) for each in (network.preprocessing.mean, network.preprocessing.std))
    vectors = []
    for content in contents:
        image = opened(content, draft).convert("RGB").resize((width, height), Pillow.Resampling.BILINEAR)
        pixels = ((np.asarray(image, np.float32) - mean) / std).transpose(2, 0, 1)[None]
        feed = {network.plug.input: np.ascontiguousarray(pixels)}
        vectors.append(network.session.run([network.plug.output], feed)[0])
    return np.concatenate(vectors)


def in_one_pass(network: Network, draft: int, contents: Sequence[bytes]) -> NDArray[np.float32]:
    """Return the vectors (N, D) by our resizing and normalization, picture by picture."""
    fitted = (fit(np.asarray(opened(content, draft).convert("RGB")), network.preprocessing) for content in contents)
    return np.concatenate([network.describe(image[None]) for image in fitted])


def ours(model: Model) -> Way:
    """Return the way of a collection: its describer, with portions of pictures decoded at a scale that is enough."""
    describer = network_describer(model)

    def describe(contents: Sequence[bytes]) -> NDArray[np.float32]:
        portions = [contents[start : start + CHUNK] for start in range(0, len(contents), CHUNK)]
        images = ([np.asarray(opened(one, describer.size).convert("RGB")) for one in portion] for portion in portions)
        return np.concatenate([describer.describe(portion) for portion in images])

    return describe


def opened(content: bytes, draft: int | None) -> Pillow.Image:
    """Return a picture that is not decoded yet."""
    image = Pillow.open(io.BytesIO(content))
    if draft is not None:
        scale = min(1.0, draft / max(image.size))
        image.draft("RGB", (max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    return image


def encoded(describe: Way, contents: Sequence[bytes]) -> NDArray[np.float32]:
    """Return the vectors, and make their codes too; coders of all methods are such linear maps."""
    vectors = describe(contents)
    sign_coder(vectors, N_BITS).encode(vectors)
    return vectors


def measure(found: dict[str, Way], contents: Sequence[bytes]) -> None:
    """Print each way's rate for up to 96 pictures, and how far its vectors are those of the first."""
    timed = contents[: max(N_DRAWN.values())]
    vectors = {name: normalized(way(timed)) for name, way in found.items()}
    seconds: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(ROUNDS):
        for name, way in found.items():
            started = time.process_time()
            way(timed)
            seconds[name].append(time.process_time() - started)
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    slowest, reference = next(iter(medians.values())), next(iter(vectors.values()))
    for name, median in medians.items():
        print(
            f"  {name:20}{len(timed) / median:8.0f} pictures/s   x{slowest / median:5.2f}"
            f"   {median / len(timed) * 1000:7.2f} ms   agreement {(vectors[name] * reference).sum(axis=1).mean():.4f}"
        )


def normalized(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the vectors at length 1."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def quality(found: dict[str, Way], contents: Sequence[bytes], labels: NDArray[np.int64]) -> None:
    """Print the mAP of the first way and of the last, and what is between them."""
    names = list(found)
    first, last = (
        np.nanmean(average_precisions(normalized(found[name](contents)), labels)) for name in (names[0], names[-1])
    )
    print(f"  mAP {first:.4f} {names[0]}, {last:.4f} with all: {100 * (last - first):+.2f} points")


def sets(folder: Path | None) -> Iterator[tuple[str, list[bytes], list[int] | None]]:
    """Yield title, JPEG files and class numbers of each set of pictures."""
    if folder is None:
        for size, n_pictures in N_DRAWN.items():
            yield f"{n_pictures} drawn pictures of {size[1]} x {size[0]}", drawn(size, n_pictures), None
        return
    paths = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in (".jpg", ".jpeg"))
    classes = sorted({path.parent.name for path in paths})
    labels = [classes.index(path.parent.name) for path in paths]
    # Taken in another order, the first ones, which are timed, are of many classes.
    order = np.random.default_rng(7).permutation(len(paths))
    title = f"{len(paths)} pictures of {len(classes)} classes in {folder}"
    yield title, [paths[n].read_bytes() for n in order], [labels[n] for n in order]


def drawn(size: tuple[int, int], n_pictures: int) -> list[bytes]:
    """Return drawn pictures as JPEG files, with the noise that cameras have."""
    kinds, found = sorted(KINDS), []
    for number in range(n_pictures):
        rng = np.random.default_rng(number)
        image = draw_picture(kinds[number % len(kinds)], rng, (375, 500)).image
        large = cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC)
        noisy = cv2.add(large, rng.integers(0, 8, large.shape, dtype=np.uint8))
        file = io.BytesIO()
        Pillow.fromarray(noisy).save(file, "JPEG", quality=90)
        found.append(file.getvalue())
    return found


def written(folder: Path, network: onnx.ModelProto, like: Model) -> Model:
    """Write a network into a folder of its own, with the preprocessing of another, and read it."""
    how = like.preprocessing
    folder.mkdir()
    (folder / "model.onnx").write_bytes(network.SerializeToString())
    config = {
        "size": list(how.size),
        "mean": [level / 255 for level in how.mean],
        "std": [level / 255 for level in how.std],
        "interpolation": how.interpolation,
        "resize_mode": how.mode,
    }
    (folder / "preprocess_cfg.json").write_text(json.dumps(config))
    return read_model(folder)


def in_float(model: Model, folder: Path) -> Model:
    """Return the network with everything of eight bits computed in float32; itself, where nothing is."""
    network = onnx.load(model.folder / model.network)
    if not any(node.op_type == "QuantizeLinear" for node in network.graph.node):
        return model
    constants = {each.name: numpy_helper.to_array(each) for each in network.graph.initializer}
    sources = {node.output[0]: node for node in network.graph.node}
    nodes = []
    for node in network.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in constants:
            weights = numpy_helper.from_array(dequantized(node, constants), node.output[0])
            network.graph.initializer.append(weights)
        elif node.op_type == "DequantizeLinear":
            quantizing = sources[node.input[0]]
            # A range that begins at zero is how a rectifier is written in eight bits.
            operator = "Relu" if constants[quantizing.input[2]] == 0 else "Identity"
            nodes.append(helper.make_node(operator, [quantizing.input[0]], [node.output[0]]))
        elif node.op_type != "QuantizeLinear":
            nodes.append(node)
    del network.graph.node[:]
    network.graph.node.extend(nodes)
    return written(folder, network, model)


def dequantized(node: onnx.NodeProto, constants: dict[str, NDArray[np.generic]]) -> NDArray[np.float32]:
    """Return stored weights as the numbers that they stand for; scales are those of the first axis, or of all."""
    stored, scale, zero = (constants[name].astype(np.float32) for name in node.input)
    axes = (-1,) + (1,) * (stored.ndim - 1) if scale.ndim else ()
    return (stored - zero.reshape(axes)) * scale.reshape(axes)


class Layers:
    """A network of random weights that grows layer by layer; every method returns the name of what it adds."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(7)
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def add(self, operator: str, inputs: Sequence[str], **attributes: object) -> str:
        """Add any operator."""
        name = f"{operator}{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def convolve(self, maps: str, n_in: int, n_out: int, side: int, stride: int = 1, groups: int = 1) -> str:
        """Add a convolution, its batch normalization folded in."""
        shape = (n_out, n_in // groups, side, side)
        deviation = np.sqrt(2 / (shape[1] * side * side))
        names = [f"weight{len(self._weights)}", f"bias{len(self._weights)}"]
        arrays = [self._rng.normal(0, deviation, shape), self._rng.normal(0, 0.1, n_out)]
        pairs = zip(names, arrays, strict=True)
        self._weights += [numpy_helper.from_array(array.astype(np.float32), name) for name, array in pairs]
        around = [side // 2] * 4
        return self.add("Conv", [maps, *names], strides=[stride] * 2, pads=around, group=groups)

    def finished(self, maps: str, n_dims: int) -> onnx.ModelProto:
        """Add the mean over each map, and return the network."""
        means = self.add("GlobalAveragePool", [maps])
        self._nodes.append(helper.make_node("Flatten", [means], ["vector"]))
        ends = {"pixels": ["n", 3, "height", "width"], "vector": ["n", n_dims]}
        pixels, vector = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ends[name]) for name in ends)
        graph = helper.make_graph(self._nodes, "random", [pixels], [vector], self._weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def resnet_18() -> onnx.ModelProto:
    """Return a network of He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016."""
    layers = Layers()
    maps = layers.add("Relu", [layers.convolve("pixels", 3, 64, 7, 2)])
    maps = layers.add("MaxPool", [maps], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    n_in = 64
    for n_out in (64, 128, 256, 512):
        for stride in (1 if n_out == 64 else 2, 1):
            inner = layers.add("Relu", [layers.convolve(maps, n_in, n_out, 3, stride)])
            inner = layers.convolve(inner, n_out, n_out, 3)
            around = maps if n_in == n_out else layers.convolve(maps, n_in, n_out, 1, stride)
            maps, n_in = layers.add("Relu", [layers.add("Add", [inner, around])]), n_out
    return layers.finished(maps, n_in)


MOBILE_BLOCKS = [
    (3, 16, 16, False, "Relu", 1),
    (3, 64, 24, False, "Relu", 2),
    (3, 72, 24, False, "Relu", 1),
    (5, 72, 40, True, "Relu", 2),
    (5, 120, 40, True, "Relu", 1),
    (5, 120, 40, True, "Relu", 1),
    (3, 240, 80, False, "HardSwish", 2),
    (3, 200, 80, False, "HardSwish", 1),
    (3, 184, 80, False, "HardSwish", 1),
    (3, 184, 80, False, "HardSwish", 1),
    (3, 480, 112, True, "HardSwish", 1),
    (3, 672, 112, True, "HardSwish", 1),
    (5, 672, 160, True, "HardSwish", 2),
    (5, 960, 160, True, "HardSwish", 1),
    (5, 960, 160, True, "HardSwish", 1),
]
"""Table 1 of the paper: side of the kernel, channels inside and out, squeeze-and-excite, activation, stride."""


def mobile_net_v3_large() -> onnx.ModelProto:
    """Return a network of Howard et al., "Searching for MobileNetV3", ICCV 2019, up to the mean over its maps."""
    layers = Layers()
    maps, n_in = layers.add("HardSwish", [layers.convolve("pixels", 3, 16, 3, 2)]), 16
    for side, n_inner, n_out, has_squeeze, activation, stride in MOBILE_BLOCKS:
        inner = maps if n_inner == n_in else layers.add(activation, [layers.convolve(maps, n_in, n_inner, 1)])
        inner = layers.add(activation, [layers.convolve(inner, n_inner, n_inner, side, stride, groups=n_inner)])
        if has_squeeze:
            n_squeezed = (n_inner // 4 + 4) // 8 * 8
            means = layers.add("GlobalAveragePool", [inner])
            squeezed = layers.add("Relu", [layers.convolve(means, n_inner, n_squeezed, 1)])
            excited = layers.convolve(squeezed, n_squeezed, n_inner, 1)
            inner = layers.add("Mul", [inner, layers.add("HardSigmoid", [excited], alpha=1 / 6, beta=0.5)])
        projected = layers.convolve(inner, n_inner, n_out, 1)
        maps = layers.add("Add", [projected, maps]) if stride == 1 and n_in == n_out else projected
        n_in = n_out
    return layers.finished(layers.add("HardSwish", [layers.convolve(maps, n_in, 960, 1)]), 960)


if __name__ == "__main__":
    main()
