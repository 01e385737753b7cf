"""Pictures and words described by the two towers of a network, in one space."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from lookalike.describers.combined import CombinedDescriber
from lookalike.describers.network import NetworkDescriber, TextNetworkDescriber, network_describer
from lookalike.errors import BadModel, UnknownWords
from lookalike.models import read_model
from lookalike.types import Describer, TextDescriber
from tests.towers import meaning, write_towers


@pytest.fixture
def describer(tmp_path: Path) -> TextNetworkDescriber:
    made = network_describer(read_model(write_towers(tmp_path / "net")))
    assert isinstance(made, TextNetworkDescriber)
    return made


def flat(*rgb: int) -> np.ndarray:
    return np.full((20, 30, 3), rgb, np.uint8)


def test_a_describer_either_takes_words_or_does_not(describer: TextNetworkDescriber) -> None:
    assert isinstance(describer, Describer) and isinstance(describer, TextDescriber)
    (describer.model.folder / "textual" / "model.onnx").unlink()
    blind = network_describer(read_model(describer.model.folder))
    assert type(blind) is NetworkDescriber and not isinstance(blind, TextDescriber)
    assert not isinstance(CombinedDescriber(), TextDescriber)


def test_reading_words_changes_no_vector_of_a_picture(describer: TextNetworkDescriber) -> None:
    plain = NetworkDescriber(describer.model)
    assert plain.version == describer.version
    assert (plain.describe([flat(200, 10, 30)]) == describer.describe([flat(200, 10, 30)])).all()


def test_texts_have_unit_vectors_computed_by_hand(describer: TextNetworkDescriber) -> None:
    texts = ["red", "a photo of the blue boat", "green yellow"]
    vectors = describer.describe_texts(texts)
    due = np.array([meaning(text) for text in texts])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, due / np.linalg.norm(due, axis=1, keepdims=True), atol=1e-5)
    assert describer.describe_texts([]).shape == (0, 3)


def test_words_meet_the_pictures_that_show_them(describer: TextNetworkDescriber) -> None:
    pictures = describer.describe([flat(220, 30, 20), flat(20, 200, 40), flat(30, 20, 210), flat(230, 220, 10)])
    words = describer.describe_texts(["red boat", "green boat", "blue boat", "yellow boat"])
    assert (words @ pictures.T).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_several_threads_read_the_same_words_alike(describer: TextNetworkDescriber) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: describer.describe_texts(["red boat", "blue"]), range(8)))
    assert all((answer == answers[0]).all() for answer in answers)


def test_unknown_words_are_told(describer: TextNetworkDescriber) -> None:
    with pytest.raises(UnknownWords, match="'blorp'"):
        describer.describe_texts(["red", "blorp"])


def test_a_tower_that_changed_reads_nothing_while_pictures_are_still_seen(describer: TextNetworkDescriber) -> None:
    path = describer.model.folder / "textual" / "model.onnx"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BadModel):
        describer.describe_texts(["red"])
    assert describer.describe([flat(1, 2, 3)]).shape == (1, 3)
