"""The bundled network joined with the classics, and the coder that may lie beside any network."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.codes.coder import save_coder
from lookalike.codes.lsh import lsh_coder
from lookalike.collection.describe import describe_all
from lookalike.describers import load_describers
from lookalike.describers.bundled import bundled_describer
from lookalike.describers.joint import CALIBRATION, CODER, PROJECTION, VOCABULARY, JointDescriber, joined
from lookalike.describers.network import NetworkDescriber, network_describer
from lookalike.errors import BadModel, UnknownWords
from lookalike.models import read_model, write_manifest
from lookalike.types import Describer, WordedDescriber
from tests.towers import visual, write_towers

RNG = np.random.default_rng(7)
IMAGES = list(RNG.integers(0, 256, (4, 60, 80, 3)).astype(np.uint8))
N_FEATURES, N_DIMS = 3 + 838, 8
MEAN, MATRIX = RNG.normal(size=N_FEATURES) / 40, RNG.normal(size=(N_FEATURES, N_DIMS))


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """A network whose vectors are mean colours, with a coder."""
    towers = write_towers(tmp_path / "towers", picture_network=visual())
    folder = tmp_path / "network"
    folder.mkdir()
    for name in ("model.onnx", "preprocess_cfg.json"):
        (folder / name).write_bytes((towers / "visual" / name).read_bytes())
    save_coder(folder / "coder.npz", lsh_coder(3, 64))
    write_manifest(folder)
    return folder


@pytest.fixture(name="fitted")
def _fitted(tmp_path: Path) -> Path:
    """What is fitted to the network and the classics: a projection, two words, a coder."""
    fitted = tmp_path / "joint"
    fitted.mkdir()
    np.savez(fitted / PROJECTION, mean=MEAN.astype(np.float16), matrix=MATRIX.astype(np.float16))
    np.savez(fitted / VOCABULARY, words=np.array(["blue", "red"]), directions=np.eye(2, N_DIMS, dtype=np.float16))
    save_coder(fitted / CODER, lsh_coder(N_DIMS, 64))
    return fitted


def network(folder: Path) -> NetworkDescriber:
    return network_describer(read_model(folder))


def test_vectors_are_both_halves_projected(folder: Path, fitted: Path) -> None:
    joint = JointDescriber(network(folder), fitted)
    both = np.concatenate([network(folder).describe(IMAGES), joint.classics.describe(IMAGES)], axis=1) * np.sqrt(0.5)
    expected = (both - MEAN.astype(np.float16)) @ MATRIX.astype(np.float16)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(joint.describe(IMAGES), expected, atol=1e-4)
    assert joint.n_dims == N_DIMS


def test_before_the_projection_similarities_are_the_means_of_both(folder: Path, fitted: Path) -> None:
    seen, drawn = network(folder).describe(IMAGES), JointDescriber(network(folder), fitted).classics.describe(IMAGES)
    both = joined(seen, drawn)
    np.testing.assert_allclose(both @ both.T, (seen @ seen.T + drawn @ drawn.T) / 2, atol=1e-5)


def test_describing_all_spaces_gives_the_same_vectors_as_each_alone(folder: Path, fitted: Path) -> None:
    describers: dict[str, Describer] = {"picture": JointDescriber(network(folder), fitted), **load_describers()}
    together = describe_all(IMAGES, describers)
    for name, describer in describers.items():
        np.testing.assert_array_equal(together[name], describer.describe(IMAGES))


def test_it_knows_the_words_that_were_fitted_and_no_others(folder: Path, fitted: Path) -> None:
    joint = JointDescriber(network(folder), fitted)
    assert isinstance(joint, WordedDescriber)
    assert joint.known_words == ("blue", "red")
    np.testing.assert_array_equal(joint.describe_texts(["red"])[0], np.eye(2, N_DIMS)[1])
    with pytest.raises(UnknownWords, match="'zeppelin'"):
        joint.describe_texts(["zeppelin"])


@pytest.mark.parametrize("changed", ["network", "projection"])
def test_another_network_or_projection_is_another_version(folder: Path, fitted: Path, changed: str) -> None:
    before = JointDescriber(network(folder), fitted).version
    if changed == "network":
        how = folder / "preprocess_cfg.json"
        how.write_text(how.read_text().replace("0.5", "0.4"))
        write_manifest(folder)
    else:
        np.savez(fitted / PROJECTION, mean=MEAN.astype(np.float16), matrix=(-MATRIX).astype(np.float16))
    assert JointDescriber(network(folder), fitted).version != before


@pytest.mark.parametrize("damage", ["missing", "cut", "of another network"])
def test_a_projection_that_does_not_fit_is_refused(folder: Path, fitted: Path, damage: str) -> None:
    path = fitted / PROJECTION
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:100])
    else:
        np.savez(path, mean=MEAN[1:].astype(np.float16), matrix=MATRIX[1:].astype(np.float16))
    with pytest.raises(BadModel, match="is no projection of this network"):
        JointDescriber(network(folder), fitted)


LINE = np.arange(8, dtype=np.float32)
CALIBRATED = {
    "reference": np.eye(5, N_DIMS), "tail_z": LINE, "tail_log_p": -LINE, "log_rates": LINE, "precisions": 1 - LINE / 8,
    "judges": np.array(True),
}  # fmt: skip


def test_its_calibration_is_read(folder: Path, fitted: Path) -> None:
    assert JointDescriber(network(folder), fitted).calibration is None
    np.savez(fitted / CALIBRATION, **CALIBRATED)
    calibration = JointDescriber(network(folder), fitted).calibration
    assert calibration is not None
    assert calibration.reference.shape == (5, N_DIMS)


@pytest.mark.parametrize(
    "damage",
    [
        None, {"reference": np.eye(5, N_DIMS + 1)}, {"tail_z": -LINE}, {"tail_log_p": np.full(8, np.nan)},
        {"precisions": 2 - LINE},
    ],
)  # fmt: skip
def test_a_calibration_that_cannot_be_is_refused(
    folder: Path, fitted: Path, damage: dict[str, NDArray[Any]] | None
) -> None:
    np.savez(fitted / CALIBRATION, **{**CALIBRATED, **(damage or {})})
    if damage is None:
        (fitted / CALIBRATION).write_bytes((fitted / CALIBRATION).read_bytes()[:100])
    with pytest.raises(BadModel, match=r"is no calibration of this network .*\.$"):
        _ = JointDescriber(network(folder), fitted).calibration


def test_the_bundled_one_is_whole() -> None:
    bundled = bundled_describer()
    assert bundled is not None
    vectors = bundled.describe(IMAGES)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert bundled.coder is not None
    assert bundled.coder.encode(vectors).shape == (4, 32)
    assert {"dog", "guitar", "grand piano", "castle"} <= set(bundled.known_words)
    assert bundled.calibration is not None
    assert bundled.calibration.reference.shape[1] == bundled.n_dims


def test_the_coder_beside_a_network_makes_its_codes(folder: Path) -> None:
    coder = network(folder).coder
    assert coder is not None
    assert coder.version == lsh_coder(3, 64).version


def test_a_coder_that_was_exchanged_is_refused(folder: Path) -> None:
    describer = network(folder)
    content = bytearray((folder / "coder.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "coder.npz").write_bytes(content)
    with pytest.raises(BadModel, match=r"coder\.npz has changed"):
        _ = describer.coder


def test_a_coder_of_another_network_is_refused(folder: Path) -> None:
    save_coder(folder / "coder.npz", lsh_coder(5, 64))
    write_manifest(folder)
    with pytest.raises(BadModel, match="takes vectors of 5 numbers, the network gives 3"):
        _ = network(folder).coder
