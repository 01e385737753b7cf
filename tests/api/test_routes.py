"""The routes around a real collection: that each does its one thing, and that all front ends give the same answer."""

import asyncio
import csv
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from lookalike.api.access import Access
from lookalike.api.app import create_app
from lookalike.cli import main
from lookalike.collection import Collection
from lookalike.jobs import Jobs
from lookalike.query import parse
from lookalike.settings import Settings

Draw = Callable[..., Path]
QUERIES = (
    "#1",
    "boat",
    "#1 #2@colour -colour:red year:1970..",
    "colour:darkred",
    "2:#1@shape | rome",
    "nothing",
    "#1 2:text:boat",
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, draw: Draw) -> Path:
    """A folder with pictures below it: nine in a folder that may be added, one beside it, a link between them."""
    place = tmp_path_factory.mktemp("place")
    for seed in range(6):
        exif = Image.Exif()
        exif[0x9003] = f"{1969 + seed}:05:31 12:00:00"
        draw(place / "root" / "Rome" / f"red boat {seed}.jpg", seed, exif=exif)
    draw(place / "root" / "large.png", 50, squares=(20, 30), side=80)
    draw(place / "root" / "scan.tif", 60)
    draw(place / "root" / "café <b>.webp", 70)
    draw(place / "beside" / "secret.jpg", 80)
    (place / "root" / "empty.jpg").write_bytes(b"")
    (place / "root" / "way out").symlink_to(place / "beside")
    return place


@pytest.fixture(scope="module")
def photos(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    settings = Settings(workers=1, model=None)
    with Collection(tmp_path_factory.mktemp("photos") / "collection", settings=settings) as collection:
        collection.add(place / "root")
        yield collection


@pytest.fixture
def client(photos: Collection, place: Path) -> Iterator[TestClient]:
    with Jobs(photos) as jobs:
        app = create_app(photos, jobs, access=Access(), hosts=(), roots=[place / "root"])
        with TestClient(app, base_url="http://127.0.0.1:8177") as client:
            yield client


def identity(photos: Collection, name: str) -> int:
    [item] = [item for item in photos.items() if item.paths[0].name == name]
    return item.id


def problem(answer: Any) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    detail: str = answer.json()["detail"]
    return detail


@pytest.mark.parametrize("line", QUERIES)
def test_the_command_line_the_rest_interface_and_python_give_the_same_answer(
    line: str, client: TestClient, photos: Collection, capsys: pytest.CaptureFixture[str]
) -> None:
    python = photos.search(parse(line), k=7, cutoff=0).to_json()
    rest = client.get("/v1/search", params={"q": line, "k": 7, "cutoff": 0}).json()
    assert main(["--collection", str(photos.folder), "--json", "search", "-k", "7", "--cutoff", "0", "--", line]) == 0
    command = json.loads(capsys.readouterr().out)
    for answer in (python, rest, command):
        assert answer.pop("seconds") >= 0
    assert python == rest == command


def test_pages_of_a_search_are_its_parts(client: TestClient) -> None:
    def ids(**page: int) -> list[int]:
        return [hit["id"] for hit in client.get("/v1/search", params={"q": "#1", **page}).json()["hits"]]

    assert ids(k=6) == ids(k=3) + ids(k=3, start=3)


def test_an_answer_given_again_follows_a_change_at_once(client: TestClient, photos: Collection) -> None:
    def found() -> int:
        number: int = client.get("/v1/search", params={"q": "album:new"}).json()["found"]
        return number

    assert found() == found() == 0
    photos.make_album("new", [1])
    assert found() == 1
    photos.delete_album("new")
    assert found() == 0


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/v1/search?q=%22", 400, "this quotation mark is not closed"),
        ("/v1/search?q=image:/etc/passwd", 400, "on the command line and in Python alone"),
        ("/v1/search?q=%23999", 404, "there is no picture 999"),
        ("/v1/search?q=a&k=1001", 400, "k is from 1 to 1000"),
        ("/v1/search?q=a&k=x", 422, "k in the query is 'x'"),
        ("/v1/search?q=a&start=-1", 400, "start is from 0"),
        ("/v1/search?q=a&cutoff=2", 422, "cutoff"),
        ("/v1/search", 422, "q in the query is missing"),
        ("/v1/search?q=" + "a" * 20_000, 422, "q in the query"),
        ("/v1/search?q=" + "(" * 100 + "a" + ")" * 100, 400, "nest at most 32 deep"),
        ("/v1/search?q=upload:" + "0" * 32, 404, "upload it again"),
        ("/v1/items/999", 404, "there is no picture 999"),
        ("/v1/items/99999999999999999999", 422, "item_id in the path"),
        ("/v1/items/1/thumbnail/huge", 422, "size in the path"),
        ("/v1/albums/77", 404, "there is no album 77"),
        ("/v1/uploads/nothing", 400, "32 hexadecimal digits"),
        ("/v1/gallery?after=x", 400, "`next` of the page before"),
        ("/v1/nothing", 404, "/openapi.json lists what there is"),
        ("/v1", 404, "/openapi.json lists what there is"),
        ("/docs/../v1/%2e%2e/etc/passwd", 404, ""),
    ],
)
def test_what_cannot_be_answered_is_a_problem_in_a_sentence(
    client: TestClient, path: str, status: int, words: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert words in problem(answer)


def test_a_query_is_read_in_both_its_forms(client: TestClient) -> None:
    by_line = client.post("/v1/query", json={"line": "2:#1@shape -boat"}).json()
    assert by_line["query"]["version"] == 1
    assert client.post("/v1/query", json={"query": by_line["query"]}).json() == by_line
    both = client.post("/v1/query", json={"line": "a", "query": by_line["query"]})
    assert "send one of them" in problem(both)
    path = client.post("/v1/query", json={"query": {"version": 1, "query": {"term": "image", "path": "/etc/passwd"}}})
    assert path.status_code == 400


def test_terms_suggestions_and_facets_are_told(client: TestClient) -> None:
    assert client.get("/v1/counts", params={"q": "text:boat year:1970"}).json() == {
        "terms": [{"term": "text:boat", "found": 6}, {"term": "year:1970", "found": 1}]
    }
    entries = client.get("/v1/complete", params={"text": "bo"}).json()["entries"]
    assert {entry["text"] for entry in entries if entry["group"] == "word"} == {"boat"}
    known = client.get("/v1/words").json()["words"]
    assert {"dog", "guitar"} <= set(known) and known == sorted(known)
    assert {entry["text"] for entry in entries if entry["group"] == "shows"} <= set(known)
    assert client.get("/v1/facets").json()["years"][0] == {"value": "1974", "n": 1, "line": "year:1974"}


def test_galleries_and_items_are_paged(client: TestClient) -> None:
    whole = client.get("/v1/gallery").json()
    first = client.get("/v1/gallery", params={"limit": 4}).json()
    second = client.get("/v1/gallery", params={"limit": 100, "after": first["next"]}).json()
    assert first["ids"] + second["ids"] == whole["ids"]
    assert len(whole["keys"]) == 8 * len(whole["ids"]) and len(whole["colours"]) == 12 * len(whole["ids"])
    page = client.get("/v1/items", params={"limit": 5}).json()
    rest = client.get("/v1/items", params={"after": page["next"]}).json()
    assert [item["id"] for item in page["items"] + rest["items"]] == sorted(whole["ids"])
    assert rest["next"] is None


def test_thumbnails_are_kept_for_ever_under_the_name_of_their_content(client: TestClient, photos: Collection) -> None:
    large = identity(photos, "large.png")
    key = photos.sha256(large)[:8]
    for size, side in (("small", 384), ("large", 1600)):
        answer = client.get(f"/v1/items/{large}/thumbnail/{size}", params={"v": key})
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert max(Image.open(io.BytesIO(answer.content)).size) == side
        tag = {"If-None-Match": answer.headers["etag"]}
        assert client.get(f"/v1/items/{large}/thumbnail/{size}", headers=tag).status_code == 304
        other = client.get(f"/v1/items/{large}/thumbnail/{size}", params={"v": "00000000"})
        assert other.headers["cache-control"] == "private, no-cache"


def test_originals_are_sent_as_they_are_and_only_what_browsers_show_is_shown(
    client: TestClient, photos: Collection, place: Path
) -> None:
    for name, media_type, kind in (
        ("large.png", "image/png", "inline"),
        ("scan.tif", "image/tiff", "attachment"),
        ("café <b>.webp", "image/webp", "inline"),
    ):
        answer = client.get(f"/v1/items/{identity(photos, name)}/original")
        assert answer.content == (place / "root" / name).read_bytes()
        assert answer.headers["content-type"] == media_type
        assert answer.headers["content-disposition"].startswith(f"{kind}; filename*=UTF-8''")
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"
        tag = {"If-None-Match": answer.headers["etag"]}
        assert client.get(f"/v1/items/{identity(photos, name)}/original", headers=tag).status_code == 304


def test_descriptors_are_closed_however_an_original_is_asked_for(client: TestClient, photos: Collection) -> None:
    large = identity(photos, "large.png")
    client.get(f"/v1/items/{large}/original")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(20):
        tag = client.get(f"/v1/items/{large}/original").headers["etag"]
        client.get(f"/v1/items/{large}/original", headers={"If-None-Match": tag})
        client.head(f"/v1/items/{large}/original")
    assert len(os.listdir("/proc/self/fd")) <= before + 2  # noqa: PTH208


def test_an_upload_is_searched_with_and_shown(client: TestClient, photos: Collection, place: Path) -> None:
    content = (place / "root" / "Rome" / "red boat 3.jpg").read_bytes()
    answer = client.post("/v1/uploads", content=content, headers={"Content-Type": "image/jpeg"})
    assert answer.status_code == 201
    uploaded = answer.json()
    assert (uploaded["width"], uploaded["height"], len(uploaded["colours"])) == (64, 48, 12)
    hits = client.get("/v1/search", params={"q": f"upload:{uploaded['upload']}", "k": 1}).json()["hits"]
    assert hits[0]["id"] == identity(photos, "red boat 3.jpg")
    assert client.get(f"/v1/uploads/{uploaded['upload']}").headers["content-type"] == "image/webp"
    broken = client.post("/v1/uploads", content=b"<svg>", headers={"Content-Type": "image/svg+xml"})
    assert broken.status_code == 422 and "not a picture of a known format" in problem(broken)


def test_an_album_lives_from_making_to_deleting(client: TestClient, photos: Collection) -> None:
    first, second = (identity(photos, f"red boat {number}.jpg") for number in (2, 0))
    made = client.post("/v1/albums", json={"name": " Best of ", "items": [second, first]})
    assert made.status_code == 201
    place = f"/v1/albums/{made.json()['id']}"
    assert made.json() | {"id": 0} == {"id": 0, "name": "Best of", "added": 2}
    assert client.post(f"{place}/add", json={"query": "text:boat"}).json() == {"added": 4}
    assert client.post(f"{place}/remove", json={"items": [second]}).json() == {"removed": 1}
    assert client.patch(place, json={"name": "Better"}).json()["name"] == "Better"
    shown = client.get(place).json()
    assert shown["n_items"] == 5 and len(shown["cover"]) == 4 and shown["cover"][0]["id"] == first
    assert shown in client.get("/v1/albums").json()["albums"]
    assert client.get("/v1/gallery", params={"order": "album", "album": shown["id"]}).json()["ids"][0] == first
    again = client.post("/v1/albums", json={"name": "Better"})
    assert again.status_code == 400 and "there is an album 'Better' already" in problem(again)
    assert client.delete(place).status_code == 204
    assert client.get(place).status_code == 404
    assert client.post(f"{place}/add", json={"items": [1]}).status_code == 404


def test_an_export_is_a_file_of_the_pictures_chosen(client: TestClient) -> None:
    lines = client.post("/v1/export", json={"format": "jsonl", "items": [2, 1]})
    assert [json.loads(line)["id"] for line in lines.text.splitlines()] == [2, 1]
    assert lines.headers["content-disposition"] == "attachment; filename*=UTF-8''pictures.jsonl"
    table = client.post("/v1/export", json={"format": "csv", "query": "text:boat"})
    assert len(list(csv.DictReader(io.StringIO(table.text)))) == 6
    assert len(client.post("/v1/export", json={"format": "jsonl"}).text.splitlines()) == 9
    both = client.post("/v1/export", json={"format": "csv", "items": [1], "query": "text:boat"})
    assert "send one of them" in problem(both)


def test_a_removed_picture_is_gone_and_its_file_is_not(photos: Collection, place: Path, client: TestClient) -> None:
    item_id = identity(photos, "café <b>.webp")
    assert client.post("/v1/items/remove", json={"ids": [item_id], "remember": False}).json() == {"removed": 1}
    assert client.get(f"/v1/items/{item_id}").status_code == 404
    assert client.get(f"/v1/items/{item_id}/thumbnail/small").status_code == 404
    assert (place / "root" / "café <b>.webp").exists()
    photos.add()


def test_folders_are_shown_and_added_only_below_what_is_allowed(client: TestClient, place: Path) -> None:
    root = str(place / "root")
    assert client.post("/v1/folders", json={"path": None}).json()["folders"] == [{"path": root, "name": "root"}]
    inside = client.post("/v1/folders", json={"path": root}).json()
    assert inside == {"path": root, "parent": None, "folders": [{"path": f"{root}/Rome", "name": "Rome"}]}
    assert client.post("/v1/folders", json={"path": f"{root}/Rome"}).json()["parent"] == root
    for way in (
        "/",
        "/etc",
        str(place),
        str(place / "beside"),
        f"{root}/../beside",
        f"{root}/way out",
        f"{root}\0",
        ".",
    ):
        for route, order in (("/v1/folders", {"path": way}), ("/v1/jobs", {"kind": "add", "paths": [way]})):
            answer = client.post(route, json=order)
            assert answer.status_code in (400, 422), (route, way)
            assert "secret" not in answer.text


def test_a_job_is_started_told_of_and_remembered(client: TestClient, place: Path) -> None:
    started = client.post("/v1/jobs", json={"kind": "add", "paths": [str(place / "root")]})
    assert started.status_code == 202
    with client.stream("GET", "/v1/events") as events:
        for line in events.iter_lines():
            if line.startswith("data: ") and '"jobs"' in line:
                [job] = [job for job in json.loads(line[6:])["jobs"] if job["id"] == started.json()["id"]]
                if job["state"] == "done":
                    break
    assert job["report"]["unchanged"] >= 8
    assert client.get("/v1/jobs").json()["jobs"][0] == job
    for kind in ("repair", "sample"):
        assert problem(client.post("/v1/jobs", json={"kind": kind, "paths": [str(place / "root")]}))
    assert client.post("/v1/jobs/999/pause", json={}).status_code == 404


def test_a_push_asks_for_a_search_engine_which_the_server_tells_of(
    client: TestClient, photos: Collection, fast: Settings
) -> None:
    assert client.get("/v1/server").json()["has_engine"] is False
    refused = client.post("/v1/jobs", json={"kind": "push"})
    assert refused.status_code == 400
    assert problem(refused).startswith("no search engine is set; give its URL")
    settings = fast.model_copy(update={"engine": "http://127.0.0.1:9"})
    with Collection(photos.folder, settings=settings) as pictures, Jobs(pictures) as jobs:
        app = create_app(pictures, jobs, access=Access(), hosts=())
        with TestClient(app, base_url="http://127.0.0.1:8177") as other:
            assert other.get("/v1/server").json()["has_engine"] is True
            job = other.post("/v1/jobs", json={"kind": "push"})
            assert (job.status_code, job.json()["kind"]) == (202, "push")
            assert other.post(f"/v1/jobs/{job.json()['id']}/stop", json={}).status_code == 200


def test_what_the_collection_holds_is_told(client: TestClient, photos: Collection) -> None:
    server = client.get("/v1/server").json()
    assert server["pictures"] == len(photos)
    assert {"name": "colour", "judged": False} in server["spaces"]
    assert client.get("/v1/stats").json()["pictures"] == len(photos)
    assert client.get("/v1/problems").json()["reasons"][0]["n"] == 1
    assert client.get("/v1/models").json()["models"] == []


def test_those_who_watch_a_server_are_answered(client: TestClient, photos: Collection) -> None:
    assert client.get("/healthz").text == client.get("/readyz").text == "ok\n"
    client.get("/v1/items/999")
    metrics = client.get("/metrics").text
    assert f"lookalike_pictures {len(photos)}.0" in metrics
    assert 'lookalike_answers_total{method="GET",route="/v1/items/{item_id}",status="404"} 1.0' in metrics


def test_a_file_is_closed_though_who_asked_is_gone(client: TestClient, photos: Collection) -> None:
    path = f"/v1/items/{next(photos.items()).id}/original"
    scope = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET"}
    scope |= {
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1:8177")],
    }
    scope |= {"client": ("127.0.0.1", 5), "server": ("127.0.0.1", 8177)}
    sent: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, str]) -> None:
        sent.append(message["type"])

    async def ask(times: int) -> int:
        for _ in range(times):
            await client.app(dict(scope), receive, send)
        return len(list(Path("/proc/self/fd").iterdir()))

    before = asyncio.run(ask(1))
    assert asyncio.run(ask(20)) == before


def test_a_full_disk_is_told_as_one(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: open("/dev/full", "wb", buffering=0))  # noqa: PTH123, SIM115
    answer = client.post("/v1/uploads", content=b"x" * 100, headers={"Content-Type": "image/jpeg"})
    assert answer.status_code == 507
    assert "make room" in answer.json()["detail"]
