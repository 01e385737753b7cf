"""Collections whose `picture` space a network describes, and what becomes of them when it changes."""

from pathlib import Path

import numpy as np
import pytest

from lookalike.collection import Collection
from lookalike.describers.network import network_describer
from lookalike.errors import ModelNotFound
from lookalike.models import read_model
from lookalike.settings import Settings


@pytest.fixture
def place(tmp_path: Path, folder: Path, models: Path, draw) -> Path:  # type: ignore[no-untyped-def]
    for seed in range(6):
        draw(folder / f"{seed}.png", seed)
    with Collection(tmp_path / "c", settings=Settings(workers=1, models=models, model="left")) as pictures:
        assert pictures.add(folder).added == 6
    return tmp_path / "c"


def versions(place: Path, models: Path, model: str | None = None) -> dict[str, tuple[int, int]]:
    with Collection(place, settings=Settings(workers=1, models=models, model=model)) as pictures:
        return {space.name: (space.dims, space.vectors) for space in pictures.stats().spaces}


def test_a_network_describes_the_pictures_and_finds_a_copy(place: Path, models: Path, folder: Path) -> None:
    assert versions(place, models)["picture"] == (8, 6)
    with Collection(place, settings=Settings(workers=1, models=models)) as pictures:
        hits = pictures.search(folder / "3.png", k=3)
        assert hits[0].path == folder / "3.png"
        assert hits[0].evidence[0].similarity == pytest.approx(1, abs=0.001)
        assert not hits.judged
        assert pictures.verify().ok


def test_the_network_that_made_a_collection_is_found_again_without_a_setting(place: Path, models: Path) -> None:
    with Collection(place, settings=Settings(workers=1, models=models)) as pictures:
        assert len(pictures.search("#1", k=5)) == 5


def test_without_its_network_pictures_are_still_compared_and_what_is_missing_is_said(
    place: Path, tmp_path: Path, folder: Path
) -> None:
    elsewhere = Settings(workers=1, models=tmp_path / "none")
    with Collection(place, settings=elsewhere) as pictures:
        assert len(pictures.search("#1", k=5)) == 5
        with pytest.raises(ModelNotFound, match="models add FOLDER"):
            pictures.search(folder / "1.png")
        with pytest.raises(ModelNotFound, match="left is not installed"):
            pictures.add(folder)


def test_an_unknown_network_is_refused(tmp_path: Path, models: Path, folder: Path) -> None:
    settings = Settings(workers=1, models=models, model="third")
    unknown = pytest.raises(ModelNotFound, match="third is not installed, known are left, right")
    with Collection(tmp_path / "new", settings=settings) as pictures, unknown:
        pictures.add(folder)


def test_the_network_that_made_a_collection_serves_until_that_of_the_setting_is_complete(
    place: Path, models: Path
) -> None:
    with Collection(place, settings=Settings(workers=1, models=models, model="right")) as pictures:
        assert len(pictures.search("#1", k=5)) == 5
        assert pictures.is_renewal_due()


GOLDEN = [0.375841, 0.336534, 0.376671, 0.381619, 0.367038, 0.33159, 0.347792, 0.303884]
"""What the network `left` says of 40 x 56 pixels from the generator of seed 7."""


def test_a_network_says_the_same_of_the_same_pixels_on_every_machine(models: Path) -> None:
    pixels = np.random.default_rng(7).integers(0, 256, (40, 56, 3), dtype=np.uint8)
    vectors = network_describer(read_model(models / "left")).describe([pixels, pixels])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert (vectors @ np.array(GOLDEN, dtype=np.float32)).min() >= 0.99999
    assert np.abs(vectors - GOLDEN).max() < 1e-3
