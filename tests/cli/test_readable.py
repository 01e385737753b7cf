"""What people read: reports, tables, progress, and what the doctor says of a computer that is not well."""

import io
import json
import re
import shutil
import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from onnx import TensorProto, helper

from lookalike.cli.terminal import Terminal, count, size
from lookalike.collection import Progress

Run = Callable[..., Any]


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """The folder of a network that gives the mean of each colour channel."""
    nodes = [helper.make_node("GlobalAveragePool", ["x"], ["y"]), helper.make_node("Flatten", ["y"], ["z"])]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "means",
        [value("x", TensorProto.FLOAT, ["n", 3, 8, 8])],
        [value("z", TensorProto.FLOAT, ["n", 3])],
    )
    folder = tmp_path / "means"
    folder.mkdir()
    opset = helper.make_opsetid("", 17)
    (folder / "model.onnx").write_bytes(
        helper.make_model(graph, opset_imports=[opset], ir_version=9).SerializeToString()
    )
    preprocessing = {"size": 8, "mode": "RGB", "mean": [0.5] * 3, "std": [0.2] * 3, "interpolation": "bicubic"}
    (folder / "preprocess_cfg.json").write_text(json.dumps(preprocessing))
    return folder


def test_networks_are_added_listed_used_and_verified(network: Path, folder: Path, run: Run, monkeypatch: Any) -> None:
    assert "no network is installed" in run("models", "list").out
    assert run("models", "add", network, "--name", "three").out.startswith("installed three in ")
    assert run("models", "pull", f"local-dir:{network}", "--json").json["name"] == "means"
    listed = run("models", "list")
    assert [line.split()[:2] for line in listed.out.splitlines()[1:3]] == [["means", "3"], ["three", "3"]]
    assert run("models", "verify", "three").out == "all is well\n"
    monkeypatch.setenv("LOOKALIKE_MODEL", "three")
    from lookalike.settings import load_settings

    load_settings.cache_clear()
    assert "picture" in run("evaluate", folder, "--space", "picture").out
    assert run("doctor", "--json").json["ok"]


def test_a_damaged_network_is_a_problem(network: Path, tmp_path: Path, run: Run) -> None:
    run("models", "add", network)
    (tmp_path / "models" / "broken").mkdir()
    installed = tmp_path / "models" / "means" / "model.onnx"
    installed.write_bytes(installed.read_bytes()[:-1])
    answer = run("models", "verify", "--json")
    assert answer.code == 1
    assert len(answer.json["problems"]) >= 2
    assert "broken" in run("models", "list").out


def test_stats_are_read_line_by_line(own: Path, folder: Path, run: Run) -> None:
    run("--collection", own, "remove", "1")
    lines = run("--collection", own, "stats").out.splitlines()
    assert lines[0].endswith("own: 11 pictures in 11 files")
    assert "formats: PNG 11" in lines
    assert any(line.startswith("colour") and "11" in line for line in lines)
    assert any(line.startswith("1 file not indexed: not a picture") for line in lines)
    assert any(line.startswith(f"{folder}: ") for line in lines)


def test_lost_pictures_and_offline_folders_are_said(tmp_path: Path, folder: Path, run: Run) -> None:
    place = Path(shutil.copytree(folder, tmp_path / "place"))
    run("add", place)
    next((place / "red").iterdir()).unlink()
    assert "1 removed" in run("add").out
    assert "1 picture in no file any more" in run("stats").out
    place.rename(tmp_path / "elsewhere")
    assert f"offline, so left as it is: {place}" in run("add").out
    assert f"{place}: " in run("stats").out
    assert "offline" in run("search", "folder:blue").out
    assert "cannot be seen now; mount it" in run("doctor").out


def test_repair_says_what_it_could_not_make_again(tmp_path: Path, folder: Path, run: Run) -> None:
    place = Path(shutil.copytree(folder, tmp_path / "place"))
    run("add", place)
    for thumbnail in (tmp_path / "default" / "thumbs").rglob("*.webp"):
        thumbnail.unlink()
    shutil.rmtree(place / "red")
    assert "the thumbnail of picture 1 is missing" in run("verify").out
    made, *lost = run("repair").out.splitlines()
    assert made == "made again: 0 vectors, 0 codes, 9 thumbnails"
    assert len(lost) == 3
    assert all(line.startswith("not now: #") for line in lost)


def test_albums_are_shown_in_order(own: Path, run: Run) -> None:
    assert run("--collection", own, "albums", "list").out == "there are no albums yet\n"
    run("--collection", own, "albums", "make", "two", "5", "3")
    lines = run("--collection", own, "albums", "show", "two").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["#5", "#3"]
    run("--collection", own, "albums", "remove", "two", "5", "3")
    assert run("--collection", own, "albums", "show", "two").out == "the album is empty\n"


def test_an_evaluation_is_a_table(folder: Path, run: Run) -> None:
    lines = run("evaluate", folder, "--space", "colour").out.splitlines()
    assert lines[0] == "12 queries, 12 pictures to be found"
    assert lines[2].startswith("colour")
    assert lines[3].startswith(f"skipped {folder}")
    everything = run("evaluate", folder, "--space", "colour", "--space", "shape", "-k", "3", "-v").out.splitlines()
    assert {"map@3/retrieved", "knn@3", "r-precision", "green"} <= {line.split()[0] for line in everything if line}
    assert any(line.startswith("colour is 0.") and "better than shape, 95 % interval" in line for line in everything)
    assert "known are colour, picture, shape, texture" in run("evaluate", folder, "--space", "unknown").err


def test_nothing_to_add_is_said(tmp_path: Path, run: Run) -> None:
    (tmp_path / "empty").mkdir()
    assert run("add", tmp_path / "empty").out == "there is nothing to add\n"


def test_many_reasons_are_not_all_told_at_once() -> None:
    from lookalike.cli.pictures import _report_lines
    from lookalike.collection import AddReport

    report = AddReport(skipped=[(Path(f"/{number}.png"), f"reason {number}") for number in range(15)])
    assert list(_report_lines(report, everything=False))[-1].startswith("skipped 5 files for other reasons")
    assert len(list(_report_lines(report, everything=True))) == 31


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_has_rate_and_time_left_and_goes_only_to_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", _Terminal())
    with Terminal().progress("adding") as progress:
        assert progress is not None
        progress(Progress(3000, 10_000, 60.4, 3700.0))
    shown = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "3,000 of 10,000" in shown
    assert "60 a second" in shown
    assert "1:01:40 left" in shown
    for quiet in (Terminal(is_quiet=True), Terminal(is_json=True)):
        with quiet.progress("adding") as progress:
            assert progress is None
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with Terminal().progress("adding") as progress:
        assert progress is None


def test_a_sample_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lookalike.cli import main

    monkeypatch.setattr(sys, "stderr", _Terminal())
    assert main(["sample", str(tmp_path / "sample"), "-n", "9"]) == 0
    assert "9 of 9" in sys.stderr.getvalue()  # type: ignore[attr-defined]


def test_sizes_and_counts_are_written_for_people() -> None:
    assert [size(n) for n in (0, 999, 1000, 2_500_000, 3e9, 4e12, 5e15)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "2.5 MB",
        "3.0 GB",
        "4.0 TB",
        "5000.0 TB",
    ]
    assert count(0, "hit") == "0 hits"


def test_the_doctor_names_what_is_missing(shared: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    from PIL import features

    from lookalike.cli import doctor

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: usage(10**9, 10**9 - 5000, 5000))
    monkeypatch.setattr(doctor.util, "find_spec", lambda name: None)
    monkeypatch.setattr(features, "check", lambda name: name != "avif")
    monkeypatch.delattr(resource, "prlimit", raising=False)
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    monkeypatch.setenv("LOOKALIKE_MODEL", "unknown")
    from lookalike.settings import load_settings

    load_settings.cache_clear()
    checks = run("--collection", shared, "doctor", "--json").json["checks"]
    texts = {check["text"].split(";")[0]: check["state"] for check in checks}
    assert texts[f"5.0 kB free at {shared}"] == "problem"
    assert texts["this Pillow cannot read AVIF"] == "problem"
    assert texts["the setting model is unknown, which is not installed"] == "problem"
    assert texts["without parquet"] == "ok"
    assert texts["the decoding process works, but this system does not limit its memory"] == "warning"
    assert any(text.startswith("HEIC cannot be read") and state == "warning" for text, state in texts.items())


def test_the_doctor_knows_the_network_that_comes_with_the_package(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from lookalike.describers.bundled import bundled_describer
    from lookalike.settings import load_settings

    for name in ("bundled", "classics"):
        monkeypatch.setenv("LOOKALIKE_MODEL", name)
        load_settings.cache_clear()
        [check] = [check for check in run("doctor", "--json").json["checks"] if check["name"] == "networks"]
        assert check["state"] == "ok"
        assert (check["text"] == "bundled") == (bundled_describer() is not None)


def test_a_narrow_terminal_breaks_neither_scores_nor_ids(
    shared: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = run("--collection", shared, "search", "#1", "-q").out.splitlines()
    assert max(map(len, lines)) <= 40
    assert sum(bool(re.match(r" ?[0-9]+ .*[0-9]\.[0-9]{2} +#[0-9]+ ", line)) for line in lines) == 11


def test_the_doctor_says_where_no_collection_is(tmp_path: Path, run: Run) -> None:
    assert "`lookalike add PATH` makes one" in run("doctor").out
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("mine")
    checks = run("--collection", tmp_path / "other", "doctor", "--json").json["checks"]
    assert [check["state"] for check in checks if check["name"] == "collection"] == ["warning"]
