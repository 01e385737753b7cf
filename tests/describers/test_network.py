"""The space `picture` described by a network: repeatable, masked, calibrated, or refused."""

import hashlib
import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from lookalike.describers.network import NetworkDescriber
from lookalike.errors import BadModel
from lookalike.models import read_model, write_manifest
from lookalike.ranking.chance import against_chance, scores
from lookalike.types import Describer

SIDE, CELLS, DIMS = 32, 4, 24
RNG = np.random.default_rng(7)
KERNEL = RNG.normal(size=(8, 3, 5, 5)).astype(np.float32)
MATRIX = RNG.normal(size=(8 * CELLS * CELLS, DIMS)).astype(np.float32)


def toy(batch: int | str = "n", scale: float = 1.0, half: bool = False, gate: bool = False) -> onnx.ModelProto:
    """Make a network: edges, averaged in 4 x 4 cells, and mixed to 24 numbers; `gate` makes all of them zero."""
    last = "gated" if gate else "mixed"
    nodes = [
        helper.make_node("Conv", ["pixels", "kernel"], ["edges"], strides=[2, 2], pads=[2, 2, 2, 2]),
        helper.make_node("Relu", ["edges"], ["active"]),
        helper.make_node("AveragePool", ["active"], ["cells"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Flatten", ["cells"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["mixed"]),
        helper.make_node("Mul", ["mixed", "zero"], ["gated"]),
        helper.make_node("Cast", [last], ["half"], to=TensorProto.FLOAT16),
        helper.make_node("Cast", ["half" if half else last], ["embedding"], to=TensorProto.FLOAT),
    ]
    weights = {"kernel": KERNEL, "matrix": MATRIX * np.float32(scale), "zero": np.zeros(1, np.float32)}
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [batch, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [batch, DIMS])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def write(folder: Path, network: onnx.ModelProto, **preprocess: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(network.SerializeToString())
    how = {"size": SIDE, "mean": [0.5] * 3, "std": [0.25] * 3, "resize_mode": "squash", **preprocess}
    (folder / "preprocess_cfg.json").write_text(json.dumps(how))
    return folder


def naive(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Compute what `toy` gives for one picture, with Pillow and loops."""
    small = np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    x = np.pad((small / 255 - 0.5) / 0.25, ((2, 2), (2, 2), (0, 0))).transpose(2, 0, 1)
    edges = np.zeros((8, 16, 16))
    for i, j in np.ndindex(16, 16):
        patch = x[:, 2 * i : 2 * i + 5, 2 * j : 2 * j + 5]
        edges[:, i, j] = np.maximum(0, (KERNEL * patch).sum(axis=(1, 2, 3)))
    cells = edges.reshape(8, 4, 4, 4, 4).mean(axis=(2, 4))
    vector = cells.ravel() @ MATRIX
    return vector / np.linalg.norm(vector)


def pictures(n: int, seed: int = 1) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 60, (n, 2))
    return [rng.integers(0, 256, (height, width, 3), dtype=np.uint8) for height, width in sizes]


@pytest.fixture
def describer(tmp_path: Path) -> NetworkDescriber:
    return NetworkDescriber(read_model(write(tmp_path / "toy", toy())))


def test_vectors_are_those_computed_by_hand(describer: NetworkDescriber) -> None:
    images = pictures(5)
    vectors = describer.describe(images)
    assert isinstance(describer, Describer) and (describer.name, describer.n_dims, describer.size) == (
        "picture",
        DIMS,
        64,
    )
    assert vectors.dtype == np.float32 and vectors.shape == (5, DIMS)
    np.testing.assert_allclose(vectors, [naive(image) for image in images], atol=2e-4)


def test_areas_are_taken_of_the_picture_itself_however_large(tmp_path: Path) -> None:
    describer = NetworkDescriber(read_model(write(tmp_path / "toy", toy(), interpolation="area")))
    image = np.random.default_rng(3).integers(0, 256, (5 * SIDE, 7 * SIDE, 3), dtype=np.uint8)
    means = image.reshape(SIDE, 5, SIDE, 7, 3).mean(axis=(1, 3))
    exact = describer.describe([np.rint(means).astype(np.uint8)])
    assert max(image.shape) > describer.size
    assert (describer.describe([image]) * exact).sum() >= 0.99999


@pytest.mark.parametrize("batch", ["n", 1, 7])
def test_a_picture_has_one_vector_whatever_comes_with_it(tmp_path: Path, batch: int | str) -> None:
    describer = NetworkDescriber(read_model(write(tmp_path / "toy", toy(batch))))
    images = pictures(40)
    together = describer.describe(images)
    alone = np.concatenate([describer.describe([image]) for image in images])
    backwards = describer.describe(images[::-1])[::-1]
    assert (together * alone).sum(axis=1).min() >= 0.99999
    assert (together * backwards).sum(axis=1).min() >= 0.99999
    assert (describer.describe(images) == together).all()


def test_two_describers_and_several_threads_give_the_same_vectors(tmp_path: Path) -> None:
    model = read_model(write(tmp_path / "toy", toy()))
    one, other = NetworkDescriber(model), NetworkDescriber(model, n_threads=2)
    images = pictures(20)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: one.describe(images), range(8)))
    assert all((answer == answers[0]).all() for answer in answers)
    assert (answers[0] * other.describe(images)).sum(axis=1).min() >= 0.99999


def test_nothing_gives_nothing(describer: NetworkDescriber) -> None:
    assert describer.describe([]).shape == (0, DIMS)


def test_a_mask_cuts_its_box_and_hides_what_lies_outside(describer: NetworkDescriber) -> None:
    image = pictures(1, seed=3)[0]
    image = np.resize(image, (50, 40, 3))
    box, oval = np.zeros((50, 40), bool), np.zeros((50, 40), bool)
    box[10:30, 5:25] = True
    oval[10:30, 5:25] = np.hypot(*np.ogrid[-9.5:10, -9.5:10]) < 10
    other = image.copy()
    other[~oval] = 255 - other[~oval]
    cut, whole = describer.describe([image[10:30, 5:25], image])
    vectors = describer.describe([image, image, other, image], [box, oval, oval, np.zeros((50, 40), bool)])
    np.testing.assert_allclose(vectors[0], cut, atol=1e-6)
    np.testing.assert_allclose(vectors[1], vectors[2], atol=1e-6)
    assert vectors[1] @ cut < 0.999
    np.testing.assert_allclose(vectors[3], whole, atol=1e-6)


def test_masks_that_do_not_fit_are_refused(describer: NetworkDescriber) -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    for images, masks in [([image], [np.ones((3, 4), bool)]), ([image], []), ([], [None])]:
        with pytest.raises(ValueError, match="mask"):
            describer.describe(images, masks)


def test_the_version_follows_whatever_changes_the_vectors(tmp_path: Path) -> None:
    first = write(tmp_path / "a", toy())
    versions = [
        NetworkDescriber(read_model(folder)).version
        for folder in (
            first,
            write(tmp_path / "b", toy()),
            write(tmp_path / "c", toy(scale=2)),
            write(tmp_path / "d", toy(), mean=[0.4] * 3),
            write(tmp_path / "e", toy(), interpolation="bilinear"),
        )
    ]
    assert versions[0] == versions[1] and len(set(versions)) == 4
    write_manifest(first, licence="mit")
    assert NetworkDescriber(read_model(first)).version == versions[0]


@pytest.mark.parametrize("network", [toy(scale=float("nan")), toy(scale=float("inf")), toy(scale=1e9, half=True)])
def test_numbers_that_are_none_are_refused_in_one_sentence(tmp_path: Path, network: onnx.ModelProto) -> None:
    describer = NetworkDescriber(read_model(write(tmp_path / "toy", network)))
    with pytest.raises(BadModel, match=r"no finite numbers: .*\.$"):
        describer.describe(pictures(3))


@pytest.mark.parametrize("scale", [1e30, 1e-25])
def test_very_large_and_small_numbers_keep_their_direction(
    tmp_path: Path, describer: NetworkDescriber, scale: float
) -> None:
    other = NetworkDescriber(read_model(write(tmp_path / "scaled", toy(scale=scale))))
    images = pictures(4)
    np.testing.assert_allclose(other.describe(images), describer.describe(images), atol=1e-5)


def test_a_network_that_says_nothing_still_gives_unit_vectors(tmp_path: Path) -> None:
    describer = NetworkDescriber(read_model(write(tmp_path / "toy", toy(gate=True))))
    np.testing.assert_allclose(np.linalg.norm(describer.describe(pictures(2)), axis=1), 1, atol=1e-6)


def test_a_network_that_changed_since_it_was_read_is_not_used(describer: NetworkDescriber) -> None:
    path = describer.model.folder / "model.onnx"
    path.write_bytes(toy(scale=2).SerializeToString())
    with pytest.raises(BadModel, match="has changed since"):
        describer.describe(pictures(1))


CALIBRATION = {
    "reference": np.eye(5, DIMS, dtype=np.float32), "tail_z": np.arange(8.0), "tail_log_p": -np.arange(8.0),
    "log_rates": np.array([0.0, 1.0]), "precisions": np.array([0.1, 0.9]), "judges": np.array(True),
}  # fmt: skip


def calibrated(folder: Path, content: bytes | dict[str, NDArray]) -> NetworkDescriber:
    buffer = io.BytesIO()
    if isinstance(content, dict):
        np.savez_compressed(buffer, **content)
    (write(folder, toy()) / "calibration.npz").write_bytes(content if isinstance(content, bytes) else buffer.getvalue())
    return NetworkDescriber(read_model(folder))


def test_a_calibration_in_the_folder_is_read(tmp_path: Path, describer: NetworkDescriber) -> None:
    assert describer.calibration is None
    calibration = calibrated(tmp_path / "with", CALIBRATION).calibration
    assert calibration is not None and calibration.judges is True
    assert calibration.reference.shape == (5, DIMS) and calibration.tail_z.dtype == np.float32


def test_a_calibration_that_is_read_can_be_searched_with(tmp_path: Path) -> None:
    describer = calibrated(tmp_path / "with", CALIBRATION)
    vectors = describer.describe(pictures(9))
    assert describer.calibration is not None
    log_p, z = against_chance(
        vectors[1:] @ vectors[0], describer.calibration.reference @ vectors[0], describer.calibration
    )
    assert np.isfinite(log_p).all() and ((found := scores(-np.sort(-z), 8, [describer.calibration])) >= 0).all()
    assert (found <= 1).all()


class Executed:
    """Fails the test when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return pytest.fail, ("a pickle ran",)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"no zip", {**CALIBRATION, "reference": np.eye(5, 7)}, {**CALIBRATION, "tail_z": np.arange(3.0)},
        {**CALIBRATION, "reference": np.eye(0, DIMS)}, {**CALIBRATION, "reference": np.full((5, DIMS), np.nan)},
        {**CALIBRATION, "tail_z": np.arange(7.0), "tail_log_p": -np.arange(7.0)},
        {**CALIBRATION, "tail_z": -np.arange(8.0)}, {**CALIBRATION, "tail_z": np.zeros(8)},
        {**CALIBRATION, "tail_log_p": np.full(8, -np.inf)}, {**CALIBRATION, "log_rates": np.array([1.0, 0.0])},
        {**CALIBRATION, "log_rates": np.zeros(0), "precisions": np.zeros(0)},
        {**CALIBRATION, "log_rates": np.array([0.0, np.nan])}, {**CALIBRATION, "precisions": np.array([0.1, 1.1])},
        {**CALIBRATION, "log_rates": np.eye(2)}, {"reference": np.eye(5, DIMS)},
        {**CALIBRATION, "judges": np.array([Executed()], dtype=object)},
        {**CALIBRATION, "log_rates": np.array(["a", "b"])}, {**CALIBRATION, "judges": np.array([True, False])},
        {**CALIBRATION, "reference": np.zeros((1 << 20, 40))},
    ],
)  # fmt: skip
def test_a_calibration_that_does_not_fit_is_refused(tmp_path: Path, content: bytes | dict[str, NDArray]) -> None:
    with pytest.raises(BadModel, match=r"no calibration of this network .*\.$") as refusal:
        _ = calibrated(tmp_path / "with", content).calibration
    assert "\n" not in str(refusal.value)


def test_a_coder_of_no_arrays_is_refused_and_not_passed_over(tmp_path: Path) -> None:
    folder = write(tmp_path / "with", toy())
    with zipfile.ZipFile(folder / "coder.npz", "w") as members:
        members.writestr("format.npy", b"hello")
    with pytest.raises(BadModel, match=r"coder\.npz is no readable coder"):
        getattr(NetworkDescriber(read_model(folder)), "coder", None)


def test_a_calibration_that_changed_since_it_was_read_is_not_used(tmp_path: Path) -> None:
    describer = calibrated(tmp_path / "with", CALIBRATION)
    path = tmp_path / "with" / "calibration.npz"
    before = hashlib.sha256(path.read_bytes()).digest()
    np.savez(path, **{**CALIBRATION, "judges": np.array(False)})
    assert hashlib.sha256(path.read_bytes()).digest() != before
    with pytest.raises(BadModel, match="has changed"):
        _ = describer.calibration
