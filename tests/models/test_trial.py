"""Networks are tried in a process of their own, and installed by one process at a time."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from lookalike.errors import BadModel, LookalikeError
from lookalike.models import add_model, list_models, read_model, verify_model
from lookalike.models.measurement import measure_network

Build = Callable[..., onnx.ModelProto]
Write = Callable[..., Path]


def unfolding(network: onnx.ModelProto, depth: int) -> onnx.ModelProto:
    """Return a copy whose output passes through 2**depth nodes: each function calls the next one twice."""
    copy = onnx.ModelProto()
    copy.CopyFrom(network)
    copy.graph.node[-1].output[0] = "before"
    copy.graph.node.append(helper.make_node("f0", ["before"], [copy.graph.output[0].name], domain="own"))
    copy.opset_import.append(helper.make_opsetid("own", 1))
    for level in range(depth):
        names = [f"f{level + 1}", f"f{level + 1}"] if level < depth - 1 else ["Neg", "Neg"]
        domain = "own" if level < depth - 1 else ""
        nodes = [
            helper.make_node(names[0], ["x"], ["between"], domain=domain),
            helper.make_node(names[1], ["between"], ["y"], domain=domain),
        ]
        copy.functions.append(helper.make_function("own", f"f{level}", ["x"], ["y"], nodes, copy.opset_import))
    return copy


def filling(network: onnx.ModelProto, n_numbers: int) -> onnx.ModelProto:
    """Return a copy that adds the sum of so many zeros."""
    copy = onnx.ModelProto()
    copy.CopyFrom(network)
    copy.graph.node[-1].output[0] = "before"
    copy.graph.initializer.append(numpy_helper.from_array(np.array([n_numbers]), "many"))
    copy.graph.node.extend(
        [
            helper.make_node("ConstantOfShape", ["many"], ["zeros"]),
            helper.make_node("ReduceSum", ["zeros"], ["zero"], keepdims=0),
            helper.make_node("Add", ["before", "zero"], [copy.graph.output[0].name]),
        ]
    )
    return copy


def test_a_network_that_unfolds_without_end_is_given_up(
    build: Build, write_folder: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine = write_folder(tmp_path / "fine", unfolding(build("embedding"), 3))
    assert verify_model(read_model(fine)) == []
    monkeypatch.setattr("lookalike.models.trial.LOADING", 2.0)
    monkeypatch.setattr("lookalike.models.trial.TRIAL", 0.5)
    folder = write_folder(tmp_path / "net", unfolding(build("embedding"), 40))
    with pytest.raises(BadModel, match="not loaded and tried within 3 seconds: do not use this network"):
        add_model(folder, tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


def test_a_network_that_fills_the_memory_is_refused(build: Build, write_folder: Write, tmp_path: Path) -> None:
    assert add_model(write_folder(tmp_path / "fine", filling(build("embedding"), 1000)), tmp_path / "models")
    with pytest.raises(BadModel, match="bad_alloc"):
        add_model(write_folder(tmp_path / "net", filling(build("embedding"), 1 << 34)), tmp_path / "models")
    assert [model.name for model in list_models(tmp_path / "models").models] == ["fine"]


def test_what_lies_in_the_current_folder_is_never_run(
    build: Build, write_folder: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tmp_path / "net", build("open"))
    (tmp_path / "onnxruntime.py").write_text("from pathlib import Path\nPath('ran').touch()\n")
    monkeypatch.chdir(tmp_path)
    assert measure_network(read_model(folder)).n_threads == 1
    assert verify_model(read_model(folder)) == []
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("end", "cause"), [("kill -9 $$", "SIGKILL"), ("exit 3", "exit status 3")])
def test_a_trial_that_is_killed_says_by_what(
    build: Build, write_folder: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, cause: str
) -> None:
    folder = write_folder(tmp_path / "net", build("embedding"))
    killed = tmp_path / "python"
    killed.write_text(f"#!/bin/sh\n{end}\n")
    killed.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(killed))
    assert cause in verify_model(read_model(folder))[0]
    with pytest.raises(BadModel, match=f"cannot be measured .*{cause}"):
        measure_network(read_model(folder))


def test_one_of_many_installs_under_a_name_and_the_others_are_told(
    build: Build, write_folder: Write, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path / "net", build("embedding"))
    outcomes: list[str] = []

    def install() -> None:
        try:
            outcomes.append(add_model(folder, tmp_path / "models").name)
        except LookalikeError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=install) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("net") == 1
    assert sum("already: " in outcome or "is being installed in" in outcome for outcome in outcomes) == 3
    assert verify_model(read_model(tmp_path / "models" / "net")) == []
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["net"]


def test_the_lock_of_a_killed_installation_is_no_hindrance(build: Build, write_folder: Write, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / ".new-net.lock").touch()
    add_model(write_folder(tmp_path / "net", build("embedding")), tmp_path / "models")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["net"]
