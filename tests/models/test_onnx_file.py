"""What is read from an ONNX file without loading it, and what is refused."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from lookalike.errors import BadModel
from lookalike.models.files import is_plain
from lookalike.models.onnx_file import OnnxFile, Port, read_onnx

Build = Callable[..., onnx.ModelProto]


def read(tmp_path: Path, network: onnx.ModelProto | bytes) -> OnnxFile:
    path = tmp_path / "model.onnx"
    path.write_bytes(network if isinstance(network, bytes) else network.SerializeToString())
    return read_onnx(path)


def outside(name: str = "w", location: str = "../secret") -> TensorProto:
    tensor = TensorProto(name=name, data_type=1, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="offset", value="0")
    tensor.external_data.add(key="location", value=location)
    return tensor


def test_inputs_and_outputs_are_those_the_onnx_package_sees(build: Build, tmp_path: Path) -> None:
    read_back = read(tmp_path, build("map", "tokens", "embedding", "open", batch=4))
    assert read_back.inputs == (Port("pixels", 1, (4, 3, 8, 8)),)
    assert read_back.outputs == (
        Port("map", 1, (4, 4, 3, 3)), Port("tokens", 1, (4, 9, 4)), Port("embedding", 1, (4, 6)),
        Port("open", 1, (4, None)),
    )  # fmt: skip
    assert read_back.data_files == ()


def test_an_output_may_hide_its_rank(build: Build, tmp_path: Path) -> None:
    network = build("embedding")
    network.graph.output[0].type.tensor_type.ClearField("shape")
    assert read(tmp_path, network).outputs == (Port("embedding", 1, None),)


def test_weights_that_an_old_file_lists_as_inputs_are_none(build: Build, tmp_path: Path) -> None:
    network = build("embedding")
    network.graph.input.append(helper.make_tensor_value_info("kernel", 1, [4, 3, 3, 3]))
    assert [port.name for port in read(tmp_path, network).inputs] == ["pixels"]


def test_a_data_file_beside_is_named(build: Build, with_data_file: Callable, tmp_path: Path) -> None:
    assert read(tmp_path, with_data_file(build("embedding"), "model.onnx.data")).data_files == ("model.onnx.data",)


def in_weights(network: onnx.ModelProto) -> None:
    network.graph.initializer.append(outside())


def in_sparse_weights(network: onnx.ModelProto) -> None:
    network.graph.sparse_initializer.add(values=outside())


def in_indices_of_sparse_weights(network: onnx.ModelProto) -> None:
    network.graph.sparse_initializer.add(indices=outside())


def in_a_constant(network: onnx.ModelProto) -> None:
    network.graph.node.append(helper.make_node("Constant", [], ["c"], value=outside()))


def in_a_list_of_tensors(network: onnx.ModelProto) -> None:
    network.graph.node.append(helper.make_node("Constant", [], ["c"], values=[outside()]))


def branch() -> onnx.GraphProto:
    return helper.make_graph([helper.make_node("Constant", [], ["c"], value=outside())], "branch", [], [])


def in_a_branch(network: onnx.ModelProto) -> None:
    network.graph.node.append(helper.make_node("If", ["x"], ["y"], then_branch=branch()))


def in_a_branch_of_a_branch(network: onnx.ModelProto) -> None:
    inner = helper.make_graph([helper.make_node("If", ["x"], ["y"], then_branch=branch())], "outer", [], [])
    network.graph.node.append(helper.make_node("If", ["x"], ["y"], else_branch=inner))


def in_a_function(network: onnx.ModelProto) -> None:
    node = helper.make_node("Constant", [], ["c"], value=outside())
    network.functions.append(helper.make_function("mine", "f", [], ["c"], [node], [helper.make_opsetid("", 17)]))


def in_a_default_of_a_function(network: onnx.ModelProto) -> None:
    network.functions.add(name="f", domain="mine").attribute_proto.append(helper.make_attribute("a", outside()))


def in_training(network: onnx.ModelProto) -> None:
    network.training_info.add().algorithm.initializer.append(outside())


@pytest.mark.parametrize(
    "hide",
    [
        in_weights, in_sparse_weights, in_indices_of_sparse_weights, in_a_constant, in_a_list_of_tensors, in_a_branch,
        in_a_branch_of_a_branch, in_a_function, in_a_default_of_a_function, in_training,
    ],
)  # fmt: skip
def test_a_file_outside_is_found_wherever_it_hides(
    build: Build, tmp_path: Path, hide: Callable[[onnx.ModelProto], None]
) -> None:
    network = build("embedding")
    hide(network)
    with pytest.raises(BadModel, match=r"weights in '\.\./secret'"):
        read(tmp_path, network)


@pytest.mark.parametrize(
    "location",
    [
        "../../etc/passwd", "/etc/passwd", "a/b", "a\\b", "C:\\b", "c:b", "..", ".", "", "x\0y", "*/_ORT_MEM_ADDR_/*",
        "file\n", "con\x1b[2J", "x" * 256, "a|b",
    ],
)  # fmt: skip
def test_only_plain_names_are_data_files(build: Build, tmp_path: Path, location: str) -> None:
    network = build("embedding")
    network.graph.initializer.append(outside(location=location))
    with pytest.raises(BadModel, match="outside of its folder") as refusal:
        read(tmp_path, network)
    assert "\n" not in str(refusal.value) and "\x1b" not in str(refusal.value)


def test_the_last_of_two_locations_counts_as_it_does_for_the_library(build: Build, tmp_path: Path) -> None:
    network = build("embedding")
    network.graph.initializer.append(outside(location="plain"))
    plain = network.SerializeToString()
    entry = b"\x0a\x08location\x12\x05plain"
    twice = entry + b"\x12\x02.."
    tensor, longer = outside(location="plain").SerializeToString(), outside(location="plain")
    longer.external_data.pop()
    hostile = longer.SerializeToString() + b"\x6a" + bytes([len(twice)]) + twice
    field = b"\x3a" + bytes([len(hostile) + 2]) + b"\x2a" + bytes([len(hostile)]) + hostile  # a second, merged graph
    assert tensor in plain and len(hostile) < 126
    assert onnx.load_from_string(plain + field).graph.initializer[-1].external_data[-1].value == ".."
    with pytest.raises(BadModel, match=r"'\.\.'"):
        read(tmp_path, plain + field)


def test_a_tag_that_other_parsers_shorten_is_refused(build: Build, tmp_path: Path) -> None:
    hidden = outside().SerializeToString()
    graph = b"\x2a" + bytes([len(hidden)]) + hidden
    tag = b"\xba\x80\x80\x80\x70"  # 7 << 3 | 2, with bits beyond the 32nd
    with pytest.raises(BadModel, match="not an ONNX file"):
        read(tmp_path, build("embedding").SerializeToString() + tag + bytes([len(graph)]) + graph)


def test_operators_that_need_more_than_onnx_runtime_are_refused(build: Build, tmp_path: Path) -> None:
    for domain, operator in [("evil.ops", "Run"), ("ai.onnx.contrib", "PyOp"), ("com.microsoft", "EPContext")]:
        network = build("embedding")
        network.graph.node.append(helper.make_node(operator, ["pixels"], ["z"], domain=domain))
        with pytest.raises(BadModel, match=f"operator '{operator}' of '{domain}'"):
            read(tmp_path, network)


def test_functions_that_the_file_brings_along_are_fine(build: Build, tmp_path: Path) -> None:
    network = build("embedding")
    body = [helper.make_node("Relu", ["x"], ["y"])]
    network.functions.append(helper.make_function("mine", "f", ["x"], ["y"], body, [helper.make_opsetid("", 17)]))
    network.graph.node.append(helper.make_node("f", ["pixels"], ["z"], domain="mine"))
    assert read(tmp_path, network).data_files == ()


PICKLE = pickle.dumps({"weights": [1.5, 2.5], "name": "model"})


@pytest.mark.parametrize(
    "data",
    [b"", PICKLE, b"PK\x03\x04" + bytes(100), b"\x00" * 100, b"\xff" * 100, b"\x08\x09", b"<html>not found</html>",
     b"version https://git-lfs.github.com/spec/v1\n", b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"],
)  # fmt: skip
def test_what_is_no_onnx_file_is_refused_in_one_sentence(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadModel, match=r"model\.onnx .*: get the network again\.$") as refusal:
        read(tmp_path, data)
    assert "\n" not in str(refusal.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.onnx", tmp_path):
        with pytest.raises(BadModel):
            read_onnx(path)


def test_a_file_of_nothing_but_fields_ends_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike.models.onnx_file.MAX_FIELDS", 10_000)
    with pytest.raises(BadModel, match="more than 10000 fields"):
        read(tmp_path, b"\x08\x01" * 20_000)


def test_a_network_of_twenty_thousand_nodes_is_read(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Gemm", [f"x{i}", "w", "b"], [f"x{i + 1}"], name=f"layer {i}", alpha=0.5, transA=1, transB=1)
        for i in range(20_000)
    ]
    ends = [helper.make_tensor_value_info(name, 1, [4, 4]) for name in ("x0", "x20000")]
    network = helper.make_model(helper.make_graph(nodes, "deep", ends[:1], ends[1:]))
    assert read(tmp_path, network).outputs == (Port("x20000", 1, (4, 4)),)


def test_nothing_but_a_million_fields_are_no_network(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="more than 500000 fields"):
        read(tmp_path, b"\x12\x00" * 1_000_000)


def test_every_shortened_file_is_refused(build: Build, tmp_path: Path) -> None:
    whole = build("embedding").SerializeToString()
    refused = 0
    for length in range(0, len(whole), 7):
        try:
            read(tmp_path, whole[:length])
        except BadModel:
            refused += 1
    ends_between_fields = 1  # before the version of the operators, which comes last
    assert refused >= len(range(0, len(whole), 7)) - ends_between_fields


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_file_is_read_or_refused_and_never_leads_outside(
    build: Build, tmp_path: Path, data: st.DataObject
) -> None:
    network = build("embedding")
    network.graph.initializer.append(outside(location="plain"))
    changed = bytearray(network.SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        names = read(tmp_path, bytes(changed)).data_files
    except BadModel as refusal:
        assert "\n" not in str(refusal)
        return
    assert all(is_plain(name) for name in names)
    try:
        parsed = onnx.load_from_string(bytes(changed))
    except Exception:
        return  # stricter than we are: ONNX Runtime will refuse it
    seen = {entry.value for t in parsed.graph.initializer for entry in t.external_data if entry.key == "location"}
    assert seen <= set(names)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_random_bytes_are_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadModel):
        read(tmp_path, data)


def test_large_weights_are_stepped_over(tmp_path: Path) -> None:
    weights = numpy_helper.from_array(np.zeros((1000, 1000), np.float32), "w")
    port = helper.make_tensor_value_info("x", 1, ["n", 1000])
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", [port],
                              [helper.make_tensor_value_info("y", 1, ["n", 1000])], [weights])  # fmt: skip
    assert read(tmp_path, helper.make_model(graph)).outputs == (Port("y", 1, (None, 1000)),)
