"""Words that a network knows by the classes it was trained on."""

from pathlib import Path

import numpy as np
import pytest

from lookalike.describers.vocabulary import Vocabulary, read_vocabulary
from lookalike.errors import BadModel, UnknownWords

WORDS = ("berry", "dog", "fisherman", "fungus", "goose", "grand piano", "knife", "leaf", "mouse", "ox", "piano",
         "t shirt", "woman")  # fmt: skip
KNOWN = Vocabulary(WORDS, np.eye(13, 16, dtype=np.float32))


def directions(text: str) -> list[str]:
    (vector,) = KNOWN.describe_texts([text])
    return [word for word, weight in zip(WORDS, vector[:13], strict=True) if weight > 0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dog", ["dog"]),
        ("A Dog", ["dog"]),
        ("dogs", ["dog"]),
        ("berries and leaves", ["berry", "leaf"]),
        ("a grand piano", ["grand piano"]),
        ("dog on the piano", ["dog", "piano"]),
        ("T-shirt", ["t shirt"]),
        ("t-shirts and grand-pianos", ["grand piano", "t shirt"]),
        ("the dog's mice", ["dog", "mouse"]),
        ("a dog’s leaf", ["dog", "leaf"]),
        ("women's t-shirts", ["t shirt", "woman"]),
        ("knives", ["knife"]),
        ("geese, oxen and fungi", ["fungus", "goose", "ox"]),
        ("fishermen", ["fisherman"]),
    ],
)
def test_a_text_is_read_as_the_longest_words_that_are_known(text: str, expected: list[str]) -> None:
    assert directions(text) == expected


def test_a_phrase_is_the_mixture_of_its_words_at_unit_length() -> None:
    (mixed,) = KNOWN.describe_texts(["dog piano"])
    dog, piano = KNOWN.describe_texts(["dog", "piano"])
    np.testing.assert_allclose(mixed, (dog + piano) / np.sqrt(2), atol=1e-6)


@pytest.mark.parametrize("text", ["zeppelin", "dog zeppelin"])
def test_an_unknown_word_is_named_with_what_to_do(text: str) -> None:
    with pytest.raises(UnknownWords, match=r"'zeppelin' among its 13 words .*models pull"):
        KNOWN.describe_texts([text])


def test_of_many_unknown_words_three_are_named() -> None:
    text = " ".join(f"zeppelin{i}" for i in range(400)) + " " + "z" * 5000
    with pytest.raises(UnknownWords, match="'zeppelin0', 'zeppelin1', 'zeppelin2' and 398 more among") as refusal:
        KNOWN.describe_texts([text])
    assert len(str(refusal.value)) < 300
    with pytest.raises(UnknownWords, match=r"'z{60}' among"):
        KNOWN.describe_texts(["z" * 5000])


def test_a_word_nearly_known_is_answered_with_its_neighbour() -> None:
    with pytest.raises(UnknownWords, match="it knows piano"):
        KNOWN.describe_texts(["pianno"])


@pytest.mark.parametrize("text", ["", "the", "!?"])
def test_a_text_that_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(UnknownWords, match="names something to be seen"):
        KNOWN.describe_texts([text])


def test_no_texts_give_no_vectors() -> None:
    assert KNOWN.describe_texts([]).shape == (0, 16)


def test_words_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "words.npz"
    np.savez(path, words=np.array(WORDS), directions=3 * np.eye(13, 16, dtype=np.float16))
    known = read_vocabulary(path, 16)
    assert known.words == WORDS
    np.testing.assert_array_equal(known.directions, KNOWN.directions)


@pytest.mark.parametrize(
    "arrays",
    [
        {"words": np.array(WORDS)},
        {"words": np.array(WORDS), "directions": np.eye(13, 15)},
        {"words": np.array(WORDS), "directions": np.eye(12, 16)},
        {"words": np.arange(13), "directions": np.eye(13, 16)},
        {"words": np.array(WORDS), "directions": np.full((13, 16), np.nan)},
        {"words": np.array(WORDS, dtype=object), "directions": np.eye(13, 16)},
    ],
)
def test_a_vocabulary_that_does_not_fit_is_refused(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    path = tmp_path / "words.npz"
    np.savez(path, **arrays)
    with pytest.raises(BadModel, match="is no vocabulary"):
        read_vocabulary(path, 16)


def test_a_damaged_vocabulary_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "words.npz"
    path.write_bytes(b"PK\x03\x04 nothing more")
    with pytest.raises(BadModel, match="is no vocabulary"):
        read_vocabulary(path, 16)
