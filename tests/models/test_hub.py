"""Networks are fetched from a hub only when asked for, and checked: against a small hub that this file serves."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import onnx
import pytest

from lookalike.errors import BadModel, LookalikeError, ModelNotFound
from lookalike.models import Download, list_published, pull_model, read_model, verify_model
from lookalike.models.published import Pins, Published, pins_of, remember, repository_of
from tests.towers import PAD, textual, tokenizer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """A hub with one repository: answers what a network consists of, and its files."""

    repository: str = "immich-app/ViT-B-32__toy"
    files: dict[str, bytes] = field(default_factory=dict)
    tampered: dict[str, bytes] = field(default_factory=dict)
    commit: str = COMMIT
    asked: list[str] = field(default_factory=list)
    endpoint: str = ""

    def describe(self) -> dict[str, object]:
        siblings = [
            {"rfilename": name, "size": len(data), "blobId": git_sha1(data)}
            | ({"lfs": {"sha256": sha256(data), "size": len(data), "pointerSize": 1}} if is_large(name) else {})
            for name, data in self.files.items()
        ]
        return {"id": self.repository, "sha": self.commit, "siblings": siblings, "cardData": {"license": "mit"}}

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        address = unquote(urlsplit(path).path)
        if address.startswith(f"/api/models/{self.repository}"):
            return 200, {"Content-Type": "application/json"}, json.dumps(self.describe()).encode()
        name = address.removeprefix(f"/{self.repository}/resolve/{self.commit}/")
        if name not in self.files:
            return 404, {"X-Error-Code": "RepoNotFound"}, b""
        data = self.tampered.get(name, self.files[name])
        etag = sha256(self.files[name]) if is_large(name) else git_sha1(self.files[name])
        return 200, {"ETag": f'"{etag}"', "X-Repo-Commit": self.commit}, data


def is_large(name: str) -> bool:
    return name.endswith((".onnx", "data"))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.asked.append(f"{self.command} {unquote(urlsplit(self.path).path)}")
            status, headers, body = hub.answer(self.path)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        hub.endpoint = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield hub
        server.shutdown()


CONFIG, TOKENS = json.dumps({"text_cfg": {"context_length": 8}}).encode(), json.dumps({"pad_token": PAD}).encode()
TOKENIZER = json.dumps(tokenizer()).encode()
PREPROCESS = json.dumps({"size": 8, "mean": [0.5] * 3, "std": [0.5] * 3}).encode()


def two_towers(build: Callable[..., onnx.ModelProto]) -> dict[str, bytes]:
    return {
        "README.md": b"---", "config.json": CONFIG, "LICENSE": b"MIT",
        "visual/model.onnx": build("embedding").SerializeToString(),
        "visual/preprocess_cfg.json": PREPROCESS, "visual/fp16/model.armnn": b"no", "visual/model.rknn": b"no",
        "textual/model.onnx": textual(n_dims=6).SerializeToString(), "textual/tokenizer.json": TOKENIZER,
        "textual/tokenizer_config.json": TOKENS, "textual/merges.txt": b"a b",
        "pytorch_model.bin": b"no", "weights.pt": b"no", "model.pkl": b"no", "run.py": b"no", "data/train.json": b"{}",
        "visual/other.onnx": b"no", "../up.json": b"{}",
    }  # fmt: skip


def yes(_: Download) -> bool:
    return True


def test_a_network_is_fetched_at_a_pinned_revision_and_verified(hub: Hub, build: Callable, tmp_path: Path) -> None:
    hub.files = two_towers(build)
    announced: list[Download] = []
    model = pull_model(
        "ViT-B-32__toy", tmp_path, confirm=lambda d: announced.append(d) or True, revision="main", endpoint=hub.endpoint
    )
    assert model is not None
    assert (model.name, model.licence, model.has_text) == ("ViT-B-32__toy", "mit", True)
    assert model.source == f"hf-hub:immich-app/ViT-B-32__toy@{COMMIT}"
    wanted = {
        "config.json", "LICENSE", "visual/model.onnx", "visual/preprocess_cfg.json", "textual/model.onnx",
        "textual/tokenizer.json", "textual/tokenizer_config.json", "textual/merges.txt",
    }  # fmt: skip
    assert {file.name for file in model.files} == wanted
    assert announced[0].n_bytes == sum(len(hub.files[name]) for name in wanted) == model.n_bytes
    assert all(f"/resolve/{COMMIT}/" in line for line in hub.asked[1:])
    assert verify_model(model) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ViT-B-32__toy", "pulled.json"]


def test_nothing_but_the_list_is_fetched_before_somebody_agrees(hub: Hub, build: Callable, tmp_path: Path) -> None:
    hub.files = two_towers(build)
    assert pull_model("ViT-B-32__toy", tmp_path, confirm=lambda _: False, endpoint=hub.endpoint) is None
    assert hub.asked == ["GET /api/models/immich-app/ViT-B-32__toy"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["immich-app/ViT-B-32__toy", "hf-hub:immich-app/ViT-B-32__toy"])
def test_names_of_hugging_face_and_open_clip_are_accepted(hub: Hub, build: Callable, tmp_path: Path, name: str) -> None:
    hub.files = two_towers(build)
    model = pull_model(name, tmp_path, confirm=yes, endpoint=hub.endpoint)
    assert model is not None and model.folder == tmp_path / "ViT-B-32__toy"


def test_a_local_folder_is_copied_without_asking_a_hub(
    build: Callable, write_folder: Callable[..., Path], tmp_path: Path
) -> None:
    folder = write_folder(tmp_path / "net", build("embedding"))
    model = pull_model(f"local-dir:{folder}", tmp_path / "models", confirm=yes, endpoint="http://127.0.0.1:9")
    assert model is not None and model.folder == tmp_path / "models" / "net"


def test_an_export_of_two_towers_in_one_folder_is_put_in_order(
    hub: Hub, build: Callable, with_data_file: Callable, matrix: object, tmp_path: Path
) -> None:
    hub.repository = "someone/clip"
    config = {"size": {"shortest_edge": 8}, "crop_size": 8, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    network = build("embedding")
    hub.files = {
        "preprocessor_config.json": json.dumps(config).encode(), "tokenizer.json": TOKENIZER,
        "tokenizer_config.json": TOKENS, "config.json": b'{"text_config": {"max_position_embeddings": 8}}',
        "onnx/vision_model.onnx": with_data_file(network, "vision_model.onnx_data").SerializeToString(),
        "onnx/vision_model.onnx_data": matrix.tobytes(),
        "onnx/text_model.onnx": textual(n_dims=6, output="text_embeds").SerializeToString(),
        "onnx/vision_model_q4.onnx": b"no", "onnx/model.onnx": b"no",
    }  # fmt: skip
    model = pull_model("someone/clip", tmp_path, confirm=yes, endpoint=hub.endpoint)
    assert model is not None and verify_model(model) == []
    assert {file.name for file in model.files} == {
        "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json", "config.json", "visual/model.onnx",
        "visual/vision_model.onnx_data", "textual/model.onnx",
    }  # fmt: skip


def test_texts_that_two_towers_share_lie_where_both_find_them(hub: Hub, build: Callable, tmp_path: Path) -> None:
    hub.repository = "someone/clip"
    hub.files = {
        "onnx/preprocess_cfg.json": PREPROCESS, "onnx/tokenizer.json": TOKENIZER, "onnx/tokenizer_config.json": TOKENS,
        "onnx/config.json": CONFIG, "config.json": b"{}", "LICENSE": b"MIT",
        "onnx/vision_model.onnx": build("embedding").SerializeToString(),
        "onnx/text_model.onnx": textual(n_dims=6).SerializeToString(),
    }  # fmt: skip
    model = pull_model("someone/clip", tmp_path, confirm=yes, endpoint=hub.endpoint)
    assert model is not None and model.has_text and verify_model(model) == []
    assert {file.name for file in model.files} == {
        "preprocess_cfg.json", "tokenizer.json", "tokenizer_config.json", "config.json", "LICENSE",
        "visual/model.onnx", "textual/model.onnx",
    }  # fmt: skip
    assert (model.folder / "config.json").read_bytes() == CONFIG


@pytest.mark.parametrize("is_first", [True, False])
def test_of_two_files_with_one_name_that_beside_the_network_is_fetched(
    hub: Hub, build: Callable, tmp_path: Path, is_first: bool
) -> None:
    hub.repository = "someone/net"
    beside = {"onnx/model.onnx": build("embedding").SerializeToString(), "onnx/preprocess_cfg.json": PREPROCESS}
    on_top = {"preprocess_cfg.json": b"{}", "LICENSE": b"MIT"}
    hub.files = beside | on_top if is_first else on_top | beside
    announced: list[Download] = []
    model = pull_model("someone/net", tmp_path, confirm=lambda d: announced.append(d) or True, endpoint=hub.endpoint)
    assert model is not None and verify_model(model) == []
    assert {file.name for file in announced[0].files} == {*beside, "LICENSE"}
    assert {file.name for file in model.files} == {"model.onnx", "preprocess_cfg.json", "LICENSE"}


@pytest.mark.parametrize("name", ["visual/model.onnx", "textual/merges.txt"])
def test_bytes_that_changed_on_the_way_are_refused(hub: Hub, build: Callable, tmp_path: Path, name: str) -> None:
    hub.files = two_towers(build)
    hub.tampered = {name: hub.files[name][:-1] + b"?"}
    with pytest.raises(BadModel, match="arrived with the hash"):
        pull_model("ViT-B-32__toy", tmp_path, confirm=yes, endpoint=hub.endpoint)
    assert list(tmp_path.iterdir()) == []
    hub.tampered = {}
    assert pull_model("ViT-B-32__toy", tmp_path, confirm=yes, endpoint=hub.endpoint) is not None


def test_a_network_that_leads_outside_is_fetched_but_not_installed(
    hub: Hub, build: Callable, with_data_file: Callable, tmp_path: Path
) -> None:
    evil = with_data_file(build("embedding"), "../../secret").SerializeToString()
    hub.files = {**two_towers(build), "textual/model.onnx": evil}
    with pytest.raises(BadModel, match="outside of its folder"):
        pull_model("ViT-B-32__toy", tmp_path, confirm=yes, endpoint=hub.endpoint)
    assert not (tmp_path / "ViT-B-32__toy").exists()


def test_an_interrupted_pull_goes_on_where_it_stopped(hub: Hub, build: Callable, tmp_path: Path) -> None:
    hub.files = two_towers(build)
    answer = hub.answer

    def stops_at_the_text(path: str) -> tuple[int, dict[str, str], bytes]:
        return (403, {}, b"") if "textual" in path else answer(path)

    hub.answer = stops_at_the_text  # type: ignore[method-assign]
    with pytest.raises(ModelNotFound):
        pull_model("ViT-B-32__toy", tmp_path, confirm=yes, endpoint=hub.endpoint)
    hub.answer = answer  # type: ignore[method-assign]
    hub.asked.clear()
    model = pull_model("ViT-B-32__toy", tmp_path, confirm=yes, endpoint=hub.endpoint)
    assert model is not None and verify_model(read_model(model.folder)) == []
    assert not any("visual/model.onnx" in line for line in hub.asked)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ViT-B-32__toy", "pulled.json"]


def test_a_repository_without_onnx_is_refused_with_the_remedy(hub: Hub, tmp_path: Path) -> None:
    hub.files = {"pytorch_model.bin": b"no", "config.json": b"{}"}
    with pytest.raises(ModelNotFound, match="no ONNX network"):
        pull_model("ViT-B-32__toy", tmp_path, confirm=yes, endpoint=hub.endpoint)


@pytest.mark.parametrize("name", ["someone/unknown", "a/b/c", "no such name!", "org/.."])
def test_an_unknown_name_is_said_in_one_sentence(hub: Hub, tmp_path: Path, name: str) -> None:
    with pytest.raises(LookalikeError) as refusal:
        pull_model(name, tmp_path, confirm=yes, endpoint=hub.endpoint)
    assert "\n" not in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


def test_a_hub_that_names_no_commit_is_not_trusted(hub: Hub, build: Callable, tmp_path: Path) -> None:
    hub.files, hub.commit = two_towers(build), "../../main"
    with pytest.raises(ModelNotFound, match="no commit"):
        pull_model("ViT-B-32__toy", tmp_path, confirm=yes, endpoint=hub.endpoint)


def test_a_hub_that_is_not_there_is_said_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(ModelNotFound, match=r"cannot be had from the hub .*lookalike models add FOLDER") as refusal:
        pull_model("ViT-B-32__toy", tmp_path, confirm=yes, endpoint="http://127.0.0.1:9")
    assert "\n" not in str(refusal.value)


def test_an_installed_name_asks_no_hub(hub: Hub, build: Callable, write_folder: Callable, tmp_path: Path) -> None:
    write_folder(tmp_path / "ViT-B-32__toy", build("embedding"))
    with pytest.raises(LookalikeError, match="already"):
        pull_model("ViT-B-32__toy", tmp_path, confirm=yes, endpoint=hub.endpoint)
    assert hub.asked == []


def pulled_again(hub: Hub, directory: Path, revision: str | None = None) -> list[Download]:
    """Remove the network and pull it once more; return what was announced."""
    shutil.rmtree(directory / "ViT-B-32__toy")
    announced: list[Download] = []
    pull_model(
        "ViT-B-32__toy",
        directory,
        confirm=lambda d: announced.append(d) or True,
        revision=revision,
        endpoint=hub.endpoint,
    )
    return announced


def test_what_came_first_must_come_again(hub: Hub, build: Callable, tmp_path: Path) -> None:
    hub.files = two_towers(build)
    announced: list[Download] = []
    pull_model("ViT-B-32__toy", tmp_path, confirm=lambda d: announced.append(d) or True, endpoint=hub.endpoint)
    assert announced[0].n_unknown == len(announced[0].files) == 8
    hub.asked.clear()
    assert pulled_again(hub, tmp_path)[0].n_unknown == 0
    assert hub.asked[0] == f"GET /api/models/{hub.repository}/revision/{COMMIT}"


@pytest.mark.parametrize("name", ["visual/model.onnx", "textual/merges.txt"])
def test_a_network_that_changed_since_it_first_came_is_refused(
    hub: Hub, build: Callable, tmp_path: Path, name: str
) -> None:
    hub.files = two_towers(build)
    pull_model("ViT-B-32__toy", tmp_path, confirm=yes, endpoint=hub.endpoint)
    other = build("embedding", "map").SerializeToString() if name.endswith("onnx") else b"b a"
    hub.files = {**hub.files, name: other}
    with pytest.raises(BadModel, match=r"hash .* (is known: somebody changed it; name a revision|not [0-9a-f]{64})"):
        pulled_again(hub, tmp_path)
    assert not (tmp_path / "ViT-B-32__toy").exists()
    model = pull_model("ViT-B-32__toy", tmp_path, confirm=yes, revision="main", endpoint=hub.endpoint)
    assert model is not None
    assert pulled_again(hub, tmp_path)[0].n_unknown == 0


def test_pulls_that_end_together_are_all_remembered(tmp_path: Path) -> None:
    pins = {f"org/net-{number}": Pins(COMMIT, {"visual/model.onnx": f"{number:064x}"}) for number in range(24)}
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda repository: remember(repository, pins[repository], tmp_path), pins))
    assert {repository: pins_of(repository, tmp_path) for repository in pins} == pins


def test_a_repository_that_lost_a_file_is_refused(hub: Hub, build: Callable, tmp_path: Path) -> None:
    hub.files = two_towers(build)
    pull_model("ViT-B-32__toy", tmp_path, confirm=yes, endpoint=hub.endpoint)
    del hub.files["textual/merges.txt"]
    with pytest.raises(BadModel, match=r"offers textual/merges.txt with the hash of no file"):
        pulled_again(hub, tmp_path)


@pytest.mark.parametrize("content", ["", "[]", '{"a/b": {}}', '{"a/b": {"revision": "main", "files": {}}}', "{" * 9999])
def test_a_damaged_list_of_what_came_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "pulled.json").write_text(content)
    with pytest.raises(BadModel, match=r"pulled\.json .*\.$"):
        pins_of("a/b", tmp_path)


def test_this_version_knows_the_checksums_of_networks_that_it_names(
    hub: Hub, build: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.files = two_towers(build)
    known = {"visual/model.onnx": sha256(hub.files["visual/model.onnx"]), "textual/merges.txt": sha256(b"a b")}

    def named(files: dict[str, str]) -> None:
        one = Published("toy", hub.repository, "tests", "mit", 1, Pins(COMMIT, files))
        monkeypatch.setattr("lookalike.models.published.list_published", lambda: (one,))

    named({**known, "visual/model.onnx": "0" * 64})
    with pytest.raises(BadModel, match="somebody changed it"):
        pull_model("toy", tmp_path, confirm=yes, endpoint=hub.endpoint)
    named({**known, "textual/merges.txt": "0" * 64})
    with pytest.raises(BadModel, match="arrived with the hash"):
        pull_model("toy", tmp_path, confirm=yes, endpoint=hub.endpoint)
    named(known)
    assert pull_model("toy", tmp_path, confirm=yes, endpoint=hub.endpoint) is not None


def test_published_networks_are_named_once_and_pinned_by_well_formed_hashes() -> None:
    published = list_published()
    assert len({one.name for one in published}) == len(published) >= 4
    for one in published:
        assert repository_of(one.name) == one.repository and one.repository.endswith(f"/{one.name}")
        assert one.pins.revision is None or re.fullmatch("[0-9a-f]{40}", one.pins.revision)
        assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in one.pins.files.values())
        assert one.n_bytes is None or one.n_bytes > 1e8


def test_the_command_line_prints_what_came_and_that_it_counts_from_now_on(
    hub: Hub, build: Callable, tmp_path: Path
) -> None:
    hub.files = two_towers(build)
    environment = {**os.environ, "HF_ENDPOINT": hub.endpoint, "LOOKALIKE_MODELS": str(tmp_path / "models")}

    def pull(*options: str) -> str:
        shutil.rmtree(tmp_path / "models" / "ViT-B-32__toy", ignore_errors=True)
        command = [sys.executable, "-m", "lookalike", "models", "pull", "ViT-B-32__toy", "--yes", *options]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout

    first = pull()
    assert "the checksums of 8 of 8 files were not known before: what came now is what later pulls must bring" in first
    assert f"revision {COMMIT}" in first
    assert all(f"{sha256(hub.files[name])}  {name}" in first for name in ("visual/model.onnx", "textual/merges.txt"))
    assert "not known before" not in pull()
    files = json.loads(pull("--json"))["files"]
    assert files["textual/tokenizer.json"] == sha256(TOKENIZER) and len(files) == 8
