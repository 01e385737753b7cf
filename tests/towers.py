"""A real pair of networks in immich's layout whose common meaning is the mean colour of a picture.

The tower of pictures answers with the mean colour, counted from grey. That of words adds up what each word stands for:
"red" points to red, "boat" to nothing. Both are small enough to be computed a second time by hand.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

SIDE, LENGTH = 16, 8
PAD, UNKNOWN, END = "<pad>", "<unk>", "</s>"
MEANINGS: dict[str, tuple[float, float, float]] = {
    PAD: (0.02, -0.01, 0.0),
    UNKNOWN: (0.0, 0.0, 0.0),
    END: (0.0, 0.0, 0.01),
    "red": (1.0, -1.0, -1.0),
    "green": (-1.0, 1.0, -1.0),
    "blue": (-1.0, -1.0, 1.0),
    "yellow": (1.0, 1.0, -1.0),
    **dict.fromkeys(("a", "photo", "picture", "of", "the", "boat", "thing"), (0.0, 0.0, 0.0)),
}
IDS = {word: place for place, word in enumerate(MEANINGS)}
TABLE = np.array(list(MEANINGS.values()), np.float32)


def visual(n_dims: int = 3) -> onnx.ModelProto:
    """Make the tower that sees pictures (n, 3, 16, 16); numbers beyond the three of colour are zero."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["means"]),
        helper.make_node("Flatten", ["means"], ["colour"]),
        helper.make_node("MatMul", ["colour", "matrix"], ["embedding"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])
    return _model(nodes, [image], n_dims, {"matrix": np.eye(3, n_dims, dtype=np.float32)})


def textual(
    *,
    names: Sequence[str] = ("text",),
    kind: int = TensorProto.INT32,
    shape: Sequence[int | str] = (1, LENGTH),
    n_dims: int = 3,
    output: str = "embedding",
    table: NDArray[np.float32] = TABLE,
) -> onnx.ModelProto:
    """Make the tower that reads words; the first of its inputs takes tokens, "attention_mask" leaves some out."""
    has_mask = "attention_mask" in names
    weights = {"table": table, "matrix": np.eye(3, n_dims, dtype=np.float32), "tokens": np.array([1])}
    nodes = [helper.make_node("Gather", ["table", names[0]], ["meanings"])]
    if has_mask:
        nodes += [
            helper.make_node("Cast", ["attention_mask"], ["numbers"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["numbers", "last"], ["mask"]),
            helper.make_node("Mul", ["meanings", "mask"], ["kept"]),
        ]
        weights["last"] = np.array([2])
    nodes += [
        helper.make_node("ReduceSum", ["kept" if has_mask else "meanings", "tokens"], ["sum"], keepdims=0),
        helper.make_node("MatMul", ["sum", "matrix"], [output]),
    ]
    inputs = [helper.make_tensor_value_info(name, kind, shape) for name in names]
    return _model(nodes, inputs, n_dims, weights, output)


def endless(network: onnx.ModelProto, unless_black: bool = False) -> onnx.ModelProto:
    """Return a copy whose last output comes after 2**62 rounds, or only then if a number of its input is above zero."""
    copy = onnx.ModelProto()
    copy.CopyFrom(network)
    output = copy.graph.output[-1].name
    for node in copy.graph.node:
        node.output[:] = ["before" if name == output else name for name in node.output]
    ports = [
        helper.make_tensor_value_info(name, kind, shape)
        for name, kind, shape in [
            ("round", TensorProto.INT64, []), ("going", TensorProto.BOOL, []), ("x", TensorProto.FLOAT, None),
            ("on", TensorProto.BOOL, []), ("y", TensorProto.FLOAT, None),
        ]
    ]  # fmt: skip
    steps = [helper.make_node("Identity", ["going"], ["on"]), helper.make_node("Neg", ["x"], ["y"])]
    body = helper.make_graph(steps, "body", ports[:3], ports[3:])
    if unless_black:
        pixels = copy.graph.input[0].name
        copy.graph.node.append(helper.make_node("ReduceMax", [pixels], ["brightest"], keepdims=0))
        copy.graph.node.append(helper.make_node("Greater", ["brightest", "zero"], ["bright"]))
        copy.graph.initializer.append(numpy_helper.from_array(np.array(0, np.float32), "zero"))
    going = "bright" if unless_black else "always"
    copy.graph.node.append(helper.make_node("Loop", ["rounds", going, "before"], [output], body=body))
    for name, value in {"rounds": np.array(1 << 62), "always": np.array(True)}.items():
        copy.graph.initializer.append(numpy_helper.from_array(value, name))
    return copy


def _model(
    nodes: list[Any], inputs: list[Any], n_dims: int, weights: dict[str, NDArray[Any]], output: str = "embedding"
) -> onnx.ModelProto:
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", n_dims])]
    tensors = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "tower", inputs, outputs, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def tokenizer(*, lowers: bool = True) -> dict[str, Any]:
    """Make a tokenizer of whole words, as the JSON of its file; it puts a token behind every text."""
    made = Tokenizer(models.WordLevel(IDS, unk_token=UNKNOWN))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    if lowers:
        made.normalizer = normalizers.Lowercase()
    made.post_processor = processors.TemplateProcessing(single=f"$A {END}", special_tokens=[(END, IDS[END])])
    content: dict[str, Any] = json.loads(made.to_str())
    return content


def write_towers(
    folder: Path,
    *,
    picture_network: onnx.ModelProto | None = None,
    text_network: onnx.ModelProto | None = None,
    tokens: object = None,
    text_cfg: dict[str, Any] | None = None,
) -> Path:
    """Write both towers with their descriptions, as immich's exports lie in their folders."""
    for name in ("visual", "textual"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "visual" / "model.onnx").write_bytes((picture_network or visual()).SerializeToString())
    (folder / "textual" / "model.onnx").write_bytes((text_network or textual()).SerializeToString())
    looks = {"size": SIDE, "mean": [0.5] * 3, "std": [0.5] * 3, "resize_mode": "squash", "interpolation": "bilinear"}
    (folder / "visual" / "preprocess_cfg.json").write_text(json.dumps(looks))
    (folder / "textual" / "tokenizer.json").write_text(json.dumps(tokens or tokenizer()))
    about = {"pad_token": PAD, "unk_token": {"content": UNKNOWN}}
    (folder / "textual" / "tokenizer_config.json").write_text(json.dumps(about))
    text = {"context_length": LENGTH} if text_cfg is None else text_cfg
    (folder / "config.json").write_text(json.dumps({"embed_dim": 3, "vision_cfg": {}, "text_cfg": text}))
    return folder


def meaning(text: str, *, length: int = LENGTH, pads: bool = True) -> NDArray[np.float64]:
    """Return by hand what the tower of words gives for a text, before it is put to unit length."""
    words = text.lower().split()[: length - 1]
    tokens = [*(word if word in IDS else UNKNOWN for word in words), END]
    tokens += [PAD] * (length - len(tokens)) if pads else []
    return np.sum([MEANINGS[token] for token in tokens], axis=0)
