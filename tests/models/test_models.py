"""Folders of networks: read, installed, verified; and refused when they are hostile."""

import hashlib
import json
import math
import os
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from lookalike.errors import BadModel, LookalikeError, ModelNotFound, StorageFull
from lookalike.models import (
    Measurement,
    add_model,
    list_models,
    open_network,
    open_session,
    read_model,
    verify_model,
    write_manifest,
    write_measurement,
)
from lookalike.models.manifest import MANIFEST, MEASURED
from tests.towers import write_towers

Build = Callable[..., onnx.ModelProto]
Write = Callable[..., Path]


@pytest.fixture
def net(build: Build, write_folder: Write, with_data_file: Callable, matrix: np.ndarray, tmp_path: Path) -> Path:
    """Return a folder in the plain layout, with weights in a data file."""
    folder = write_folder(tmp_path / "net", with_data_file(build("map", "embedding"), "model.onnx.data"))
    (folder / "model.onnx.data").write_bytes(matrix.tobytes())
    (folder / "LICENSE").write_text("Do what you like.")
    return folder


@pytest.fixture
def two_towers(tmp_path: Path) -> Path:
    """Return a folder in immich's layout."""
    return write_towers(tmp_path / "ViT-B-32__toy")


def test_a_plain_folder_is_read(net: Path) -> None:
    model = read_model(net)
    assert (model.name, model.network, model.has_text, model.n_dims) == ("net", "model.onnx", False, 6)
    assert [file.name for file in model.network_files] == ["model.onnx", "model.onnx.data"]
    digests = [hashlib.sha256((net / file.name).read_bytes()).hexdigest() for file in model.network_files]
    listing = f"{digests[0]}  model.onnx\n{digests[1]}  model.onnx.data\n"
    assert model.sha256 == hashlib.sha256(listing.encode()).hexdigest()
    assert model.n_bytes == sum((net / name).stat().st_size for name in ("model.onnx", "model.onnx.data"))
    assert verify_model(model) == []


def test_the_layout_of_immich_is_read(two_towers: Path) -> None:
    model = read_model(two_towers)
    assert (model.name, model.network, model.has_text) == ("ViT-B-32__toy", "visual/model.onnx", True)
    assert verify_model(model) == []


def test_the_preprocessing_of_hugging_face_may_lie_on_top(two_towers: Path) -> None:
    (two_towers / "visual" / "preprocess_cfg.json").unlink()
    content = {"size": 16, "crop_size": 16, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "resample": 3}
    (two_towers / "preprocessor_config.json").write_text(json.dumps(content))
    assert read_model(two_towers).preprocessing.mean == (127.5,) * 3


def test_an_installed_network_is_a_copy_with_hashes(two_towers: Path, tmp_path: Path) -> None:
    for junk in ("run.py", "weights.bin", "visual/weights.pt", "visual/model.rknn", ".hidden"):
        (two_towers / junk).write_text("no")
    model = add_model(two_towers, tmp_path / "models")
    assert sorted(file.name for file in model.files) == [
        "config.json", "textual/model.onnx", "textual/tokenizer.json", "textual/tokenizer_config.json",
        "visual/model.onnx", "visual/preprocess_cfg.json",
    ]  # fmt: skip
    there = {str(path.relative_to(model.folder)) for path in model.folder.rglob("*") if path.is_file()}
    assert there == {file.name for file in model.files} | {MANIFEST}
    assert model.sha256 == read_model(two_towers).sha256
    assert verify_model(model) == []
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["ViT-B-32__toy"]


def test_a_manifest_keeps_what_is_known_through_a_copy(net: Path, tmp_path: Path) -> None:
    write_manifest(net, output="map", licence="mit", source="hf-hub:me/net@123")
    model = add_model(net, tmp_path / "models", "mine")
    assert (model.name, model.licence, model.source, model.plug.output) == ("mine", "mit", "hf-hub:me/net@123", "map")
    assert model.n_dims == 4


def test_installed_networks_are_listed_and_a_broken_one_hides_none(net: Path, two_towers: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    assert list_models(models).models == ()
    add_model(net, models)
    add_model(two_towers, models)
    (models / "broken").mkdir()
    (models / ".pull-other").mkdir()
    (models / "a file").write_text("")
    listed = list_models(models)
    assert [model.name for model in listed.models] == ["ViT-B-32__toy", "net"]
    assert [(path.name, "neither model.onnx" in reason) for path, reason in listed.skipped] == [("broken", True)]


@pytest.mark.usefixtures("as_anybody")
@pytest.mark.parametrize("locked", ["net", "net/visual"])
def test_a_folder_that_nobody_may_read_hides_no_other(two_towers: Path, tmp_path: Path, locked: str) -> None:
    models = tmp_path / "models"
    for name in ("net", "other"):
        add_model(two_towers, models, name)
    (models / locked).chmod(0)
    listed = list_models(models)
    (models / locked).chmod(0o755)
    assert [model.name for model in listed.models] == ["other"]
    ((path, reason),) = listed.skipped
    assert path.name == "net" and reason.endswith("cannot be read (Permission denied): check its permissions.")


@pytest.mark.usefixtures("as_anybody")
@pytest.mark.parametrize("locked", ["net", "net/visual", "."])
def test_what_nobody_may_read_is_refused_in_a_sentence(two_towers: Path, tmp_path: Path, locked: str) -> None:
    models = tmp_path / "models"
    add_model(two_towers, models, "net")
    (models / locked).chmod(0)
    with pytest.raises(BadModel, match=r"net cannot be read \(Permission denied\): check its permissions\.$"):
        read_model(models / "net")
    listed = list_models(models)
    (models / locked).chmod(0o755)
    assert listed.models == ()
    assert listed.skipped[0][1].endswith("cannot be read (Permission denied): check its permissions.")


def test_a_name_is_given_once_and_is_a_name(net: Path, tmp_path: Path) -> None:
    add_model(net, tmp_path / "models")
    with pytest.raises(LookalikeError, match=r"installed in .* already"):
        add_model(net, tmp_path / "models")
    for name in ("../up", "a/b", ".hidden", "a b", "x" * 101, "-rf"):
        with pytest.raises(LookalikeError, match="cannot name a network"):
            add_model(net, tmp_path / "models", name)
    for name in ("classics", "bundled"):
        with pytest.raises(LookalikeError, match=f"'{name}' names what comes with the package: choose another name"):
            add_model(net, tmp_path / "models", name)
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["net"]


def test_nothing_stays_of_an_installation_that_failed(net: Path, tmp_path: Path) -> None:
    write_manifest(net)
    data = bytearray((net / "model.onnx.data").read_bytes())
    data[5] ^= 1
    (net / "model.onnx.data").write_bytes(data)
    with pytest.raises(BadModel, match="not the file that its manifest lists"):
        add_model(net, tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


def test_rubbish_of_a_killed_installation_is_no_hindrance(net: Path, tmp_path: Path) -> None:
    (tmp_path / "models" / ".new-net" / "old").mkdir(parents=True)
    add_model(net, tmp_path / "models")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["net"]


def test_a_full_disk_is_said(net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 90, 10))
    with pytest.raises(StorageFull, match="10 bytes free"):
        add_model(net, tmp_path / "models")


@pytest.mark.usefixtures("as_anybody")
def test_a_directory_that_cannot_be_written_is_said(net: Path, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir(mode=0o500)
    with pytest.raises(LookalikeError, match="cannot be written"):
        add_model(net, tmp_path / "models")


def test_a_directory_that_is_a_file_is_said(net: Path, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("")
    with pytest.raises(LookalikeError, match="cannot be written"):
        add_model(net, tmp_path / "models")


@pytest.mark.parametrize("value", [10**400, math.inf, "fast", None, -1])
def test_what_others_wrote_as_measured_is_no_measurement(net: Path, value: object) -> None:
    model = read_model(net)
    write_measurement(net, model.sha256, measurement := Measurement(1.5, None, 1 << 20, 1))
    assert model.measured == measurement
    content = json.loads((net / MEASURED).read_text())
    (net / MEASURED).write_text(json.dumps({**content, "milliseconds_per_picture": value}))
    assert model.measured is None


def test_every_changed_byte_is_noticed_before_use(net: Path, tmp_path: Path) -> None:
    model = add_model(net, tmp_path / "models")
    rng = np.random.default_rng(7)
    for file in model.files * 20:
        path = model.folder / file.name
        whole = path.read_bytes()
        changed = bytearray(whole)
        changed[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed if rng.random() < 0.8 else whole[: rng.integers(len(whole))])
        assert any(file.name in problem for problem in verify_model(model))
        if file in model.network_files:
            with pytest.raises(BadModel):
                open_network(model)
        elif file.name.startswith("preprocess"):
            with pytest.raises(BadModel):
                read_model(model.folder)
        path.write_bytes(whole)
    assert verify_model(model) == []


def test_a_missing_file_is_noticed(two_towers: Path, tmp_path: Path) -> None:
    model = add_model(two_towers, tmp_path / "models")
    (model.folder / "textual" / "tokenizer.json").unlink()
    assert len(verify_model(model)) == 1
    (model.folder / "textual" / "model.onnx").unlink()
    assert len(verify_model(model)) == 2


def test_a_folder_that_is_not_there_and_one_without_a_network_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        read_model(tmp_path / "nowhere")
    with pytest.raises(BadModel, match=r"neither model\.onnx"):
        read_model(tmp_path)


def test_a_network_without_preprocessing_is_refused_with_the_remedy(net: Path) -> None:
    (net / "preprocess_cfg.json").unlink()
    with pytest.raises(BadModel, match=r"preprocessor_config\.json"):
        read_model(net)


def test_an_output_that_does_not_exist_is_refused(net: Path) -> None:
    write_manifest(net, output="nonsense")
    with pytest.raises(BadModel, match=r"named 'nonsense'.*'map', 'embedding'"):
        read_model(net)


GOOD = {"sha256": "0" * 64, "bytes": 1}


@pytest.mark.parametrize(
    "content",
    [
        [], {}, {"format": 2, "files": {}}, {"format": 1}, {"format": 1, "files": []}, {"format": 1, "files": {"a": 3}},
        {"format": 1, "files": {"model.onnx": {"sha256": "x", "bytes": 1}}},
        {"format": 1, "files": {"model.onnx": {"sha256": "0" * 64, "bytes": "many"}}},
        {"format": 1, "files": {}, "licence": ["mit"]}, {"format": 1, "files": {}, "source": "\x1b[2J"},
        {"format": 1, "files": {}}, {"format": 1, "files": {"model.onnx": GOOD}},
        *({"format": 1, "files": {"model.onnx": {**GOOD, "bytes": size}}} for size in (math.inf, True, -1, 10**400)),
    ],
)  # fmt: skip
def test_a_manifest_that_does_not_fit_is_refused(net: Path, content: object) -> None:
    (net / MANIFEST).write_text(json.dumps(content))
    with pytest.raises(BadModel) as refusal:
        read_model(net)
    assert "\n" not in str(refusal.value) and "\x1b" not in str(refusal.value)


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def evil_location(location: str) -> Callable[..., None]:
    def make(folder: Path, build: Build, with_data_file: Callable) -> None:
        (folder / "model.onnx").write_bytes(with_data_file(build("embedding"), location).SerializeToString())

    return make


def evil_link(folder: Path, build: Build, with_data_file: Callable) -> None:
    evil_location("weights")(folder, build, with_data_file)
    (folder / "weights").symlink_to(folder.parent / "secret")


def evil_network_link(folder: Path, build: Build, with_data_file: Callable) -> None:
    (folder / "model.onnx").unlink()
    (folder.parent / "other.onnx").write_bytes(build("embedding").SerializeToString())
    (folder / "model.onnx").symlink_to(folder.parent / "other.onnx")


def evil_folder_link(folder: Path, build: Build, with_data_file: Callable) -> None:
    (folder / "model.onnx").unlink()
    (folder.parent / "elsewhere").mkdir()
    (folder.parent / "elsewhere" / "model.onnx").write_bytes(build("embedding").SerializeToString())
    (folder / "visual").symlink_to(folder.parent / "elsewhere")


def evil_preprocessing_link(folder: Path, build: Build, with_data_file: Callable) -> None:
    (folder / "preprocess_cfg.json").unlink()
    (folder / "preprocess_cfg.json").symlink_to(folder.parent / "secret")


def evil_text_link(folder: Path, build: Build, with_data_file: Callable) -> None:
    (folder / "vocabulary.txt").symlink_to(folder.parent / "secret")


def evil_text_network(folder: Path, build: Build, with_data_file: Callable) -> None:
    (folder / "textual").mkdir()
    network = with_data_file(build("embedding"), "../../secret")
    (folder / "textual" / "model.onnx").write_bytes(network.SerializeToString())


def evil_pipe(folder: Path, build: Build, with_data_file: Callable) -> None:
    (folder / "model.onnx").unlink()
    os.mkfifo(folder / "model.onnx")


def evil_data_pipe(folder: Path, build: Build, with_data_file: Callable) -> None:
    evil_location("weights")(folder, build, with_data_file)
    os.mkfifo(folder / "weights")


def evil_loop(folder: Path, build: Build, with_data_file: Callable) -> None:
    evil_location("weights")(folder, build, with_data_file)
    (folder / "weights").symlink_to("weights")


def evil_pickle(folder: Path, build: Build, with_data_file: Callable) -> None:
    (folder / "model.onnx").write_bytes(pickle.dumps(Bomb(folder.parent / "executed")))


def evil_manifest(name: str) -> Callable[..., None]:
    def make(folder: Path, build: Build, with_data_file: Callable) -> None:
        write_manifest(folder)
        content = json.loads((folder / MANIFEST).read_text())
        content["files"][name] = {"sha256": hashlib.sha256(b"secret").hexdigest(), "bytes": 6}
        (folder / MANIFEST).write_text(json.dumps(content))

    return make


EVIL: list[Callable[..., None]] = [
    evil_location("../../../../../../etc/passwd"), evil_location("../secret"), evil_location("/etc/passwd"),
    evil_location("*/_ORT_MEM_ADDR_/*"), evil_location("missing"), evil_link, evil_network_link, evil_folder_link,
    evil_preprocessing_link, evil_text_link, evil_text_network, evil_pipe, evil_data_pipe, evil_loop, evil_pickle,
]  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes")
@pytest.mark.parametrize("make", EVIL)
def test_an_evil_folder_is_refused_in_one_sentence_and_nothing_is_installed(
    make: Callable[..., None], build: Build, write_folder: Write, with_data_file: Callable, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path / "evil", build("embedding"))
    (tmp_path / "secret").write_text("secret")
    make(folder, build, with_data_file)
    with pytest.raises(BadModel) as refusal:
        add_model(folder, tmp_path / "models")
    assert "\n" not in str(refusal.value) and str(refusal.value).endswith(".")
    assert not (tmp_path / "executed").exists()
    assert not any((tmp_path / "models").glob("*"))


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "missing"])
def test_a_session_is_not_even_tried_on_a_file_that_leads_outside(
    build: Build, write_folder: Write, with_data_file: Callable, tmp_path: Path, location: str
) -> None:
    folder = write_folder(tmp_path / "evil", with_data_file(build("embedding"), location))
    with pytest.raises(BadModel, match=r"outside of its folder|no readable file"):
        open_session(folder / "model.onnx")


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret", "..\\secret"])
def test_a_manifest_that_lists_files_outside_reads_none_of_them(
    build: Build, write_folder: Write, with_data_file: Callable, tmp_path: Path, name: str
) -> None:
    folder = write_folder(tmp_path / "evil", build("embedding"))
    (tmp_path / "secret").write_text("secret")
    evil_manifest(name)(folder, build, with_data_file)
    assert any("may lie outside" in problem for problem in verify_model(read_model(folder)))
    installed = add_model(folder, tmp_path / "models")
    assert verify_model(installed) == [] and name not in {file.name for file in installed.files}


def test_links_that_stay_inside_are_followed(net: Path, tmp_path: Path) -> None:
    (net / "model.onnx").rename(net / "network-v2")
    (net / "model.onnx").symlink_to("network-v2")
    model = add_model(net, tmp_path / "models")
    assert verify_model(model) == [] and not (model.folder / "model.onnx").is_symlink()


def test_a_data_file_that_is_too_short_is_refused(net: Path) -> None:
    (net / "model.onnx.data").write_bytes(b"short")
    with pytest.raises(BadModel, match="cannot be loaded"):
        open_network(read_model(net))


def test_a_text_of_excessive_size_is_refused(net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike.models.manifest.MAX_TEXT", 1000)
    (net / "vocabulary.txt").write_text("word " * 1000)
    with pytest.raises(BadModel, match="over the limit of 1000"):
        add_model(net, tmp_path / "models")
