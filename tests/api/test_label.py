"""Labels over the network: the same as in Python, and refused in a sentence where they cannot be."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from lookalike.api.access import Access
from lookalike.api.app import create_app
from lookalike.collection import Collection
from lookalike.jobs import Jobs
from lookalike.models import add_model
from lookalike.settings import Settings
from tests.towers import write_towers


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    """Two red pictures and two blue ones, described by a network that reads words."""
    place = tmp_path_factory.mktemp("labels")
    add_model(write_towers(place / "made" / "colours"), place / "models")
    (place / "pictures").mkdir()
    for number, rgb in enumerate([(200, 30, 40), (20, 30, 210)] * 2):
        noise = np.random.default_rng(number).integers(0, 40, (30, 40, 3))
        Image.fromarray((noise + rgb).astype(np.uint8)).save(place / "pictures" / f"{number}.png")
    with Collection(place / "c", settings=Settings(workers=1, models=place / "models", model="colours")) as photos:
        photos.add(place / "pictures")
        yield photos


@pytest.fixture
def client(photos: Collection) -> Iterator[TestClient]:
    with Jobs(photos) as jobs:
        app = create_app(photos, jobs, access=Access(), hosts=())
        with TestClient(app, base_url="http://127.0.0.1:8177") as client:
            yield client


def test_labels_are_those_of_python(client: TestClient, photos: Collection) -> None:
    answer = client.post("/v1/label", json={"labels": ["red", "blue"]})
    assert answer.status_code == 200
    assert answer.json() == photos.label(["red", "blue"]).to_json()
    assert sorted(answer.json()["best"]) == [0, 0, 1, 1]
    some: dict[str, Any] = {"labels": ["red", "blue"], "templates": ["the {}"], "query": "shows:blue", "k": 1}
    assert client.post("/v1/label", json=some).json()["best"] == [1]
    assert client.post("/v1/label", json={"labels": ["red", "blue"], "items": [2, 1]}).json()["ids"] == [2, 1]


@pytest.mark.parametrize(
    ("order", "status", "sentence"),
    [
        ({"labels": ["red"]}, 422, "labels in the body"),
        ({"labels": ["red", "red"]}, 400, "different words"),
        ({"labels": ["red", "snark"], "templates": ["{}"]}, 422, "knows none of the words 'snark'"),
        ({"labels": ["red", "blue"], "templates": ["no place"]}, 400, "where the label goes"),
        ({"labels": ["red", "blue"], "query": "image:/etc/passwd"}, 400, "on the command line and in Python alone"),
        ({"labels": ["red", "blue"], "more": 1}, 422, "more in the body"),
    ],
)
def test_what_cannot_be_labelled_is_said(client: TestClient, order: dict[str, Any], status: int, sentence: str) -> None:
    answer = client.post("/v1/label", json=order)
    assert answer.status_code == status and sentence in answer.json()["detail"]


def test_words_nobody_knows_are_a_problem_of_the_words(client: TestClient) -> None:
    answer = client.get("/v1/search", params={"q": "shows:snark"})
    assert (answer.status_code, answer.json()["title"]) == (422, "The words are not understood")
    assert client.get("/v1/search", params={"q": "snark"}).json()["note"].startswith("the network colours knows none")


def test_networks_are_listed_with_what_was_measured(client: TestClient) -> None:
    [model] = client.get("/v1/models").json()["models"]
    assert model["text"] is True and model["measured"] is None
