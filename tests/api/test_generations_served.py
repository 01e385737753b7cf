"""Generations over the network: listed, begun, compared, given up."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from lookalike.api.access import Access
from lookalike.api.app import create_app
from lookalike.collection import Collection
from lookalike.jobs import Jobs
from lookalike.settings import Settings

N = 4


@pytest.fixture
def photos(tmp_path: Path, folder: Path, draw: Callable[..., Path], rows) -> Iterator[Collection]:
    """A collection whose pictures another version has described since."""
    for seed in range(N):
        draw(folder / f"{seed}.png", seed)
    settings = Settings(workers=1, model="classics")
    with Collection(tmp_path / "c", settings=settings) as collection:
        collection.add(folder)
        rows(collection, "UPDATE spaces SET version = 'older' WHERE name = 'picture'")
    (tmp_path / "c" / "catalog.crc").unlink()
    with Collection(tmp_path / "c", settings=settings) as collection:
        yield collection


@pytest.fixture
def client(photos: Collection) -> Iterator[TestClient]:
    with Jobs(photos) as jobs:
        app = create_app(photos, jobs, access=Access(), hosts=(), roots=[])
        with TestClient(app, base_url="http://127.0.0.1:8177") as client:
            yield client


def of_picture(answer: dict) -> list[tuple[int, str, int]]:
    found = [each for each in answer["generations"] if each["space"] == "picture"]
    return [(each["generation"], each["state"], each["vectors"]) for each in found]


def test_the_classics_are_a_name_for_the_setting_too(client: TestClient) -> None:
    answer = client.get("/v1/generations").json()
    assert of_picture(answer) == [(1, "serving", N)]
    assert answer["choices"][-1] == "classics"


def test_another_model_is_begun_by_a_job_and_its_answers_are_asked_for_by_number(
    client: TestClient, photos: Collection
) -> None:
    before = client.get("/v1/search", params={"q": "#1", "cutoff": 0}).json()
    begun = client.post("/v1/generations/use", json={"model": "classics"}).json()
    assert of_picture(begun)[1][:2] == (2, "building")
    [job] = client.get("/v1/jobs").json()["jobs"]
    assert job["kind"] == "renew"
    assert client.post("/v1/jobs", json={"kind": "renew"}).json()["id"] == job["id"]
    wait_for(client, job["id"])
    assert of_picture(client.get("/v1/generations").json()) == [(1, "retired", N), (2, "serving", N)]
    for number in (1, 2):
        answer = client.get("/v1/search", params={"q": "#1", "cutoff": 0, "generation": number}).json()
        assert [hit["id"] for hit in answer["hits"]] == [hit["id"] for hit in before["hits"]]
    refused = client.get("/v1/search", params={"q": "#1", "generation": 3})
    assert refused.status_code == 400
    assert "the space picture has no generation 3; known are 1, 2" in refused.json()["detail"]
    dropped = client.post("/v1/generations/drop", json={"space": "picture", "generation": 1}).json()
    assert of_picture(dropped) == [(2, "serving", N)]


def wait_for(client: TestClient, job_id: int) -> None:
    import time

    end = time.monotonic() + 120
    while time.monotonic() < end:
        [job] = [job for job in client.get("/v1/jobs").json()["jobs"] if job["id"] == job_id]
        if job["state"] not in ("waiting", "running"):
            assert job["state"] == "done", job
            return
        time.sleep(0.05)
    raise AssertionError(f"job {job_id} does not end")


def test_what_serves_is_not_dropped_and_what_is_not_installed_not_used(client: TestClient) -> None:
    refused = client.post("/v1/generations/drop", json={"space": "picture", "generation": 1})
    assert "generation 1 of picture serves; let another serve first" in refused.json()["detail"]
    refused = client.post("/v1/generations/use", json={"model": "nothing"})
    assert refused.status_code == 404
    assert "the network nothing is not installed" in refused.json()["detail"]
    assert client.post("/v1/generations/drop", json={"space": "picture"}).status_code == 422


def test_opening_a_picture_is_noted_and_written_when_the_collection_is_closed(
    client: TestClient, photos: Collection, rows
) -> None:
    client.get("/v1/items/2")
    photos.close()
    assert [looked is not None for (looked,) in rows(photos, "SELECT looked_at FROM items ORDER BY id")] == [
        False,
        True,
        False,
        False,
    ]
