"""Networks run as they were exported: any batch, layout and number type, against a computation by hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from lookalike.errors import BadModel
from lookalike.models import add_model, list_models, open_network, open_session, read_model, verify_model
from tests.towers import endless

Build = Callable[..., onnx.ModelProto]
Write = Callable[..., Path]
PLAIN = {"mean": (0.0, 0.0, 0.0), "std": (1 / 255, 1 / 255, 1 / 255)}


def describe(folder: Path, pixels: NDArray[np.uint8], n_threads: int = 1) -> NDArray[np.float32]:
    network = open_network(read_model(folder), n_threads)
    step = network.batch
    return np.concatenate([network.describe(pixels[start : start + step]) for start in range(0, len(pixels), step)])


@pytest.mark.parametrize("batch", ["n", 1, 4])
@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("side", [8, "side"])
def test_any_batch_and_layout_gives_the_vectors_computed_by_hand(
    build: Build, naive: Callable, write_folder: Write, tmp_path: Path, pixels: NDArray,
    batch: int | str, channels_last: bool, side: int | str,
) -> None:  # fmt: skip
    folder = write_folder(tmp_path / "net", build("embedding", batch=batch, channels_last=channels_last, side=side))
    model = read_model(folder)
    assert (model.plug.batch, model.plug.channels_first) == (None if batch == "n" else batch, not channels_last)
    np.testing.assert_allclose(describe(folder, pixels), naive(pixels)["embedding"], atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "tolerance"), [(TensorProto.FLOAT, 1e-4), (TensorProto.FLOAT16, 2e-2), (TensorProto.UINT8, 0.5)]
)
def test_the_input_may_be_of_any_of_three_types(
    build: Build, naive: Callable, write_folder: Write, tmp_path: Path, pixels: NDArray, kind: int, tolerance: float
) -> None:
    folder = write_folder(tmp_path / "net", build("embedding", kind=kind))
    expected = naive(pixels, **(PLAIN if kind == TensorProto.UINT8 else {}))["embedding"]
    vectors = describe(folder, pixels)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, expected, atol=tolerance, rtol=1e-3)


@pytest.mark.parametrize(
    ("outputs", "chosen", "n_dims"),
    [
        (("map", "logits", "embedding"), "embedding", 6),
        (("map", "logits", "open"), "logits", 4),
        (("map", "tokens"), "map", 4),
        (("tokens", "map"), "tokens", 4),
        (("open",), "open", 6),
    ],
)
def test_the_output_that_describes_is_found(
    build: Build, naive: Callable, write_folder: Write, tmp_path: Path, pixels: NDArray,
    outputs: tuple[str, ...], chosen: str, n_dims: int,
) -> None:  # fmt: skip
    folder = write_folder(tmp_path / "net", build(*outputs))
    model = read_model(folder)
    assert (model.plug.output, model.n_dims) == (chosen, n_dims)
    np.testing.assert_allclose(describe(folder, pixels), naive(pixels)[chosen], atol=1e-4)


def test_maps_of_a_network_with_channels_last_are_averaged_over_their_places(
    build: Build, naive: Callable, write_folder: Write, tmp_path: Path, pixels: NDArray
) -> None:
    network = build("map", channels_last=True)
    network.graph.node.append(helper.make_node("Transpose", ["map"], ["last"], perm=[0, 2, 3, 1]))
    network.graph.output[0].CopyFrom(helper.make_tensor_value_info("last", 1, ["n", 3, 3, 4]))
    folder = write_folder(tmp_path / "net", network)
    assert read_model(folder).n_dims == 4
    np.testing.assert_allclose(describe(folder, pixels), naive(pixels)["map"], atol=1e-4)


def test_two_threads_of_the_runtime_give_the_same_vectors(
    build: Build, write_folder: Write, tmp_path: Path, pixels: NDArray
) -> None:
    folder = write_folder(tmp_path / "net", build("embedding"))
    np.testing.assert_allclose(describe(folder, pixels, 1), describe(folder, pixels, 2), atol=1e-6)


def test_weights_in_a_file_beside_are_used(
    build: Build, naive: Callable, write_folder: Write, with_data_file: Callable, tmp_path: Path, pixels: NDArray,
    matrix: NDArray, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    folder = write_folder(tmp_path / "net", with_data_file(build("embedding"), "weights.data"))
    (folder / "weights.data").write_bytes(matrix.tobytes())
    monkeypatch.chdir(tmp_path)
    np.testing.assert_allclose(describe(folder, pixels), naive(pixels)["embedding"], atol=1e-4)
    np.testing.assert_allclose(describe(Path("net"), pixels), naive(pixels)["embedding"], atol=1e-4)


def changed(network: onnx.ModelProto, change: Callable[[onnx.GraphProto], object]) -> onnx.ModelProto:
    change(network.graph)
    return network


def as_input(kind: int, shape: list[int | str]) -> Callable[[onnx.GraphProto], object]:
    return lambda graph: graph.input[0].CopyFrom(helper.make_tensor_value_info("pixels", kind, shape))


def as_output(kind: int, shape: list[int | str]) -> Callable[[onnx.GraphProto], object]:
    return lambda graph: graph.output[0].CopyFrom(helper.make_tensor_value_info("embedding", kind, shape))


def with_words(graph: onnx.GraphProto) -> None:
    graph.input.append(helper.make_tensor_value_info("words\n", 7, ["n", 77]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (as_input(1, ["n", 1, 8, 8]), "no pictures"),
        (as_input(1, ["n", 1, 8, "w"]), "takes pictures of"),
        (as_input(1, ["n", 4, 8, 8]), "no pictures"),
        (as_input(1, ["n", 3, 8]), "no pictures"),
        (as_input(7, ["n", 3, 8, 8]), "no pictures"),
        (as_input(1, ["n", 3, 16, 16]), r"takes pictures of \(16, 16\) pixels and its preprocessing makes \(8, 8\)"),
        (as_input(1, [1 << 40, 3, 8, 8]), "pictures at once, over 1024"),
        (with_words, r"2 inputs \('pixels', 'words\\n'\)"),
        (as_output(7, ["n", 6]), "no output of numbers"),
        (as_output(1, ["n", 1 << 40]), "not 1 to 65536"),
        (lambda g: g.input[0].type.tensor_type.ClearField("shape"), "no pictures"),
    ],
)  # fmt: skip
def test_a_network_that_is_not_for_pictures_is_refused_before_it_is_loaded(
    build: Build, write_folder: Write, tmp_path: Path, change: Callable, message: str
) -> None:
    folder = write_folder(tmp_path / "net", changed(build("embedding"), change))
    with pytest.raises(BadModel, match=message) as refusal:
        read_model(folder)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda g: g.node[2].ClearField("input"),
        lambda g: g.initializer[0].dims.__setitem__(0, 1 << 40),
        lambda g: g.initializer[2].dims.__setitem__(0, 1 << 40),
        lambda g: g.initializer[2].__setattr__("raw_data", b"short"),
        lambda g: g.node[0].__setattr__("op_type", "NoSuchOperator"),
        lambda g: g.node.append(helper.make_node("Relu", ["nowhere"], ["more"])),
    ],
)
def test_what_onnx_runtime_cannot_load_is_refused_in_one_sentence(
    build: Build, write_folder: Write, tmp_path: Path, change: Callable
) -> None:
    folder = write_folder(tmp_path / "net", changed(build("embedding"), change))
    with pytest.raises(BadModel, match=r"cannot be loaded \(.*\): get or export the network again\.$") as refusal:
        open_session(folder / "model.onnx")
    assert "\n" not in str(refusal.value)


def test_an_answer_that_is_no_vector_for_each_picture_is_refused(
    build: Build, write_folder: Write, tmp_path: Path, pixels: NDArray
) -> None:
    network = build("embedding")
    network.graph.node.append(helper.make_node("ReduceSum", ["embedding"], ["total"], keepdims=0))
    network.graph.output[0].CopyFrom(helper.make_tensor_value_info("total", 1, None))
    with pytest.raises(BadModel, match=r"gives \(\) in 'total' for 1 pictures"):
        _ = read_model(write_folder(tmp_path / "net", network)).n_dims


def test_a_network_that_never_ends_is_listed_without_being_run(
    build: Build, write_folder: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.models.model.try_network", lambda _: pytest.fail("a list ran a network"))
    write_folder(tmp_path / "endless", endless(build("open")))
    listed = list_models(tmp_path)
    assert [model["dims"] for model in listed.to_json()["models"]] == [None]


def test_an_installed_network_is_not_run_again_for_what_it_does_not_say(
    build: Build, write_folder: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, matrix: NDArray
) -> None:
    folder = add_model(write_folder(tmp_path / "open", build("open")), tmp_path / "models").folder
    monkeypatch.setattr("lookalike.models.model.try_network", lambda _: pytest.fail("the network ran again"))
    assert read_model(folder).n_dims == matrix.shape[1]
    assert list_models(tmp_path / "models").to_json()["models"][0]["dims"] == matrix.shape[1]


def test_a_network_that_never_ends_is_given_up_and_hides_no_other(
    build: Build, write_folder: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.models.trial.TRIAL", 0.2)
    write_folder(tmp_path / "endless", endless(build("open")))
    write_folder(tmp_path / "fine", build("open"))
    write_folder(tmp_path / "says-its-size", endless(build("embedding")))
    listed = list_models(tmp_path)
    assert [model.name for model in listed.models] == ["endless", "fine", "says-its-size"]
    reasons = [reason for model in listed.models for reason in verify_model(model)]
    assert all("fails on a picture (it takes longer than 0.2 seconds)" in reason for reason in reasons)
    assert len(reasons) == 2


def test_a_network_that_ends_on_the_black_picture_alone_is_given_up_later(
    build: Build, write_folder: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pixels: NDArray
) -> None:
    folder = write_folder(tmp_path / "net", endless(build("embedding"), unless_black=True))
    model = add_model(folder, tmp_path / "models")
    monkeypatch.setattr("lookalike.models.network.PATIENCE", 0.2)
    assert np.isfinite(describe(model.folder, np.zeros_like(pixels))).all()
    with pytest.raises(BadModel, match=r"fails on a picture \(it takes longer than 0\.2 seconds\)"):
        describe(model.folder, pixels)


def test_a_network_that_fails_on_a_picture_says_so(
    build: Build, write_folder: Write, tmp_path: Path, pixels: NDArray
) -> None:
    network = build("embedding", side="side")
    folder = write_folder(tmp_path / "net", network)
    opened = open_network(read_model(folder))
    with pytest.raises(BadModel, match="fails on a picture"):
        opened.describe(pixels[:, :1, :1])
