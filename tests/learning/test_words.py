"""Which words follow from the classes of a recipe."""

from pathlib import Path

import numpy as np
import pytest

from lookalike.learning.words import read_kinds, read_names, word_directions

ROOT = Path(__file__).parents[2]
LABELS = ("n02085620", "n02113978", "n02123045", "n02676566", "grand_piano", "T-Shirt")
PROXIES = dict(zip(LABELS, np.eye(6, dtype=np.float32), strict=True))
NAMES = {
    "n02085620": "Chihuahua",
    "n02113978": "Mexican hairless",
    "n02123045": "tabby, tabby cat",
    "n02676566": "acoustic guitar",
}
KINDS = {"dog": ["n02085620-n02113978"], "whale": ["n02066245"]}


def labels_of(word: str) -> set[str]:
    direction = word_directions(PROXIES, NAMES, KINDS)[word]
    np.testing.assert_allclose(np.linalg.norm(direction), 1, atol=1e-6)
    return {label for label, weight in zip(LABELS, direction, strict=True) if weight > 0}


@pytest.mark.parametrize(
    ("word", "labels"),
    [
        ("chihuahua", {"n02085620"}),
        ("tabby", {"n02123045"}),
        ("tabby cat", {"n02123045"}),
        ("grand piano", {"grand_piano"}),
        ("t shirt", {"T-Shirt"}),
        ("guitar", {"n02676566"}),  # what an acoustic guitar ends in
        ("dog", {"n02085620", "n02113978"}),  # a kind
    ],
)
def test_a_word_stands_for_the_classes_that_bear_it(word: str, labels: set[str]) -> None:
    assert labels_of(word) == labels


def test_a_kind_without_a_class_is_no_word() -> None:
    assert "whale" not in word_directions(PROXIES, NAMES, KINDS)


def test_an_ending_that_is_a_name_by_itself_keeps_to_that_name() -> None:
    names = {"n02085620": "sea lion", "n02123045": "lion"}
    direction = word_directions(PROXIES, names, {})["lion"]
    np.testing.assert_array_equal(direction, PROXIES["n02123045"])


def test_the_kinds_of_the_recipe_are_ranges_in_order() -> None:
    for word, ranges in read_kinds(ROOT / "recipes" / "kinds.toml").items():
        for each in ranges:
            low, _, high = each.partition("-")
            assert low <= (high or low), f"{word}: {each}"


def test_names_are_read_by_their_id(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text('wnid,name\nn01440764,"tench, Tinca tinca"\n', encoding="utf-8")
    assert read_names(path) == {"n01440764": "tench, Tinca tinca"}
