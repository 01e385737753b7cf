"""The bundled network joined with the classics, and what may lie beside a network: its words and its coder."""

from pathlib import Path

import numpy as np
import pytest

from lookalike.codes.coder import save_coder
from lookalike.codes.lsh import lsh_coder
from lookalike.collection.describe import describe_all
from lookalike.describers import load_describers
from lookalike.describers.joint import joint_describer
from lookalike.describers.network import NetworkDescriber, network_describer
from lookalike.errors import BadModel, UnknownWords
from lookalike.models import read_model, write_manifest
from lookalike.types import Describer, TextDescriber
from tests.towers import visual, write_towers

IMAGES = list(np.random.default_rng(7).integers(0, 256, (4, 60, 80, 3)).astype(np.uint8))


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """A network whose vectors are mean colours, and which knows the words red and blue."""
    towers = write_towers(tmp_path / "towers", picture_network=visual())
    folder = tmp_path / "network"
    folder.mkdir()
    for name in ("model.onnx", "preprocess_cfg.json"):
        (folder / name).write_bytes((towers / "visual" / name).read_bytes())
    np.savez(folder / "words.npz", words=np.array(["blue", "red"]), directions=np.eye(3, dtype=np.float16)[[2, 0]])
    save_coder(folder / "coder.npz", lsh_coder(3, 64))
    write_manifest(folder)
    return folder


def network(folder: Path) -> NetworkDescriber:
    return network_describer(read_model(folder))


def test_similarities_are_the_means_of_both_halves(folder: Path) -> None:
    joint, alone = joint_describer(network(folder)), network(folder).describe(IMAGES)
    vectors, classics = joint.describe(IMAGES), joint.classics.describe(IMAGES)
    np.testing.assert_allclose(vectors @ vectors.T, (alone @ alone.T + classics @ classics.T) / 2, atol=1e-5)
    assert vectors.shape == (4, joint.n_dims)


def test_describing_all_spaces_gives_the_same_vectors_as_each_alone(folder: Path) -> None:
    describers: dict[str, Describer] = {"picture": joint_describer(network(folder)), **load_describers()}
    together = describe_all(IMAGES, describers)
    for name, describer in describers.items():
        np.testing.assert_array_equal(together[name], describer.describe(IMAGES))


def test_a_word_is_as_close_to_pictures_as_the_network_says(folder: Path) -> None:
    joint, alone = joint_describer(network(folder)), network(folder)
    assert isinstance(joint, TextDescriber)
    assert isinstance(alone, TextDescriber)
    among_joint = joint.describe_texts(["red"])[0] @ joint.describe(IMAGES).T
    among_alone = alone.describe_texts(["red"])[0] @ alone.describe(IMAGES).T
    np.testing.assert_allclose(among_joint, np.sqrt(0.5) * among_alone, atol=1e-6)


def test_without_words_neither_it_nor_its_network_takes_texts(folder: Path) -> None:
    (folder / "words.npz").unlink()
    write_manifest(folder)
    assert not isinstance(network(folder), TextDescriber)
    assert not isinstance(joint_describer(network(folder)), TextDescriber)


def test_a_word_that_is_no_class_is_told(folder: Path) -> None:
    with pytest.raises(UnknownWords, match="'zeppelin'"):
        joint_describer(network(folder)).describe_texts(["zeppelin"])  # type: ignore[attr-defined]


def test_another_network_is_another_version(folder: Path) -> None:
    before = joint_describer(network(folder)).version
    (folder / "preprocess_cfg.json").write_text((folder / "preprocess_cfg.json").read_text().replace("0.5", "0.4"))
    write_manifest(folder)
    assert joint_describer(network(folder)).version != before


def test_the_coder_beside_a_network_makes_its_codes(folder: Path) -> None:
    coder = network(folder).coder
    assert coder is not None
    assert coder.version == lsh_coder(3, 64).version


@pytest.mark.parametrize("name", ["words.npz", "coder.npz"])
def test_what_was_exchanged_beside_a_network_is_refused(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    describer = network(folder)
    (folder / name).write_bytes(content)
    with pytest.raises(BadModel, match=f"{name} has changed"):
        _ = describer.coder if name == "coder.npz" else describer.describe_texts(["red"])  # type: ignore[attr-defined]


def test_a_coder_of_another_network_is_refused(folder: Path) -> None:
    save_coder(folder / "coder.npz", lsh_coder(5, 64))
    write_manifest(folder)
    with pytest.raises(BadModel, match="takes vectors of 5 numbers, the network gives 3"):
        _ = network(folder).coder
