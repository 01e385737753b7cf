"""Looks into an ONNX file before anything runs it: what goes in and out, which files and operators it asks for.

ONNX files are protocol buffers. This reads the few fields that matter straight from the bytes, so that a hostile file
meets no other parser before it was checked, and a network of a gigabyte is looked into without being read.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lookalike.errors import BadModel
from lookalike.models.files import is_plain

MAX_BYTES = 1 << 31
"""Protocol buffers end at 2 GiB; larger networks keep their weights in data files beside."""

MAX_FIELDS = 500_000
"""Large networks have some 100,000; a file made of nothing but fields would take time and memory."""

DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "com.microsoft"}
"""Whose operators may occur: all of them are built into ONNX Runtime and compute on numbers."""

FORBIDDEN = {("com.microsoft", "EPContext")}
"""Operators that name further files to load."""

_Bytes: TypeAlias = bytes | mmap.mmap
_Fields: TypeAlias = list[tuple[int, int | slice]]

_CHILDREN = {
    "Model": {7: "Graph", 20: "Training", 25: "Function"},
    "Training": {1: "Graph", 2: "Graph"},
    "Function": {7: "Node", 11: "Attribute"},
    "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor"},
    "SparseTensor": {1: "Tensor", 2: "Tensor"},
    "Tensor": {},
}
"""The messages of onnx.proto that can hold nodes or tensors: the number of each field that leads on, and to what."""


@dataclass(frozen=True)
class Port:
    """An input or output of a network.

    Attributes
    ----------
    name : str
    type : int
        As onnx.proto numbers them: 1 float32, 2 uint8, 10 float16, 11 float64; 0 if it is no tensor.
    shape : tuple of int or None, or None
        None in the place of a size that is left open; None as a whole if even the rank is.
    """

    name: str
    type: int
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True)
class OnnxFile:
    """What an ONNX file asks for and offers; `data_files` are plain names in its own folder, sorted."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    data_files: tuple[str, ...]


class _Broken(ValueError):
    """The bytes are no protocol buffer."""


def read_onnx(path: Path) -> OnnxFile:
    """Look into the ONNX file at `path`.

    Raises
    ------
    BadModel
        If it is no ONNX file, or names files outside its folder or operators that do not come with ONNX Runtime.
    """
    try:
        n_bytes = path.stat().st_size
        if not 0 < n_bytes < MAX_BYTES:
            raise BadModel(f"{path} has {n_bytes} bytes, an ONNX file has 1 to {MAX_BYTES - 1}: get the network again.")
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _look_into(data, path)
    except (_Broken, UnicodeDecodeError) as error:
        raise BadModel(f"{path} is not an ONNX file, or a damaged one ({error}): get the network again.") from error
    except OSError as error:
        raise BadModel(f"{path} cannot be read ({error.strerror}): check the file and its permissions.") from error


def _look_into(data: _Bytes, path: Path) -> OnnxFile:
    budget = iter(range(MAX_FIELDS))
    operators: set[tuple[str, str]] = set()
    functions: set[str] = set()
    data_files: set[str] = set()
    inputs: list[Port] = []
    outputs: list[Port] = []
    weights: set[str] = set()  # old files list the weights among the inputs
    waiting = [("Model", slice(0, len(data)), 0)]
    while waiting:
        kind, where, depth = waiting.pop()
        spans = [(number, value) for number, value in _fields(data, where, budget) if isinstance(value, slice)]
        waiting += [(_CHILDREN[kind][number], span, depth + 1) for number, span in spans if number in _CHILDREN[kind]]
        if kind == "Node":
            operators.add((_text(data, spans, 7), _text(data, spans, 4)))
        elif kind == "Function":
            functions.add(_text(data, spans, 10))
        elif kind == "Tensor":
            data_files |= {_location(data, span, budget) for number, span in spans if number == 13} - {""}
            if depth == 2:
                weights.add(_text(data, spans, 8))
        elif kind == "Graph" and depth == 1:
            inputs += [_port(data, span, budget) for number, span in spans if number == 11]
            outputs += [_port(data, span, budget) for number, span in spans if number == 12]
    _check_operators(operators, functions, path)
    _check_data_files(data_files, path)
    if not inputs or not outputs:
        raise _Broken("it holds no network")
    return OnnxFile(
        tuple(port for port in inputs if port.name not in weights), tuple(outputs), tuple(sorted(data_files))
    )


def _check_operators(operators: set[tuple[str, str]], functions: set[str], path: Path) -> None:
    for domain, operator in sorted(operators):
        if domain not in DOMAINS | functions or (domain, operator) in FORBIDDEN:
            raise BadModel(
                f"{path} uses the operator {operator!r} of {domain!r}, which needs more than ONNX Runtime: "
                "export the network with standard operators."
            )


def _check_data_files(names: set[str], path: Path) -> None:
    for name in sorted(names):
        if not is_plain(name):
            raise BadModel(
                f"{path} keeps weights in {name!r}, which may lie outside of its folder: do not use this network."
            )


def _fields(data: _Bytes, where: slice, budget: Iterator[int]) -> Iterator[tuple[int, int | slice]]:
    """Yield (field number, value) of one message: a number as such, anything with a length as its place in `data`."""
    at, end = where.start, where.stop
    while at < end:
        if next(budget, None) is None:
            raise _Broken(f"it has more than {MAX_FIELDS} fields")
        tag, at = _varint(data, at, end)
        if not 8 <= tag < 1 << 32:  # other parsers cut longer tags to 32 bits, and would see another field than we do
            raise _Broken("a field has no number")
        wire = tag & 7
        if wire == 0:
            value, at = _varint(data, at, end)
            yield tag >> 3, value
        elif wire == 2:
            length, at = _varint(data, at, end)
            yield tag >> 3, slice(at, at + length)
            at += length
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise _Broken(f"a field has the unknown wire type {wire}")
    if at != end:
        raise _Broken("it ends in the middle of a field")


def _varint(data: _Bytes, at: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            raise _Broken("it ends in the middle of a number")
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise _Broken("a number has more than ten bytes")


def _text(data: _Bytes, spans: list[tuple[int, slice]], number: int) -> str:
    """Return the string in field `number`: the last one counts, as for every parser of protocol buffers."""
    found = [span for field, span in spans if field == number]
    return data[found[-1]].decode() if found else ""


def _location(data: _Bytes, where: slice, budget: Iterator[int]) -> str:
    """Return the file that one entry of a tensor's `external_data` names; "" if the entry says something else."""
    spans = [(number, value) for number, value in _fields(data, where, budget) if isinstance(value, slice)]
    if _text(data, spans, 1) != "location":
        return ""
    return _text(data, spans, 2) or "."  # an entry without a name is refused like a folder


def _port(data: _Bytes, where: slice, budget: Iterator[int]) -> Port:
    """Read a ValueInfoProto: name 1, type 2 {tensor 1 {element type 1, shape 2 {dimension 1 {value 1}}}}."""
    fields = list(_fields(data, where, budget))
    name = _text(data, [(number, value) for number, value in fields if isinstance(value, slice)], 1)
    tensor = _inside(data, _inside(data, fields, 2, budget), 1, budget)
    types = [value for number, value in tensor if number == 1 and isinstance(value, int)]
    sizes = [
        _size(list(_fields(data, span, budget)))
        for number, span in _inside(data, tensor, 2, budget)
        if number == 1 and isinstance(span, slice)
    ]
    has_shape = any(number == 2 for number, _ in tensor)
    return Port(name, types[-1] if types else 0, tuple(sizes) if has_shape else None)


def _inside(data: _Bytes, fields: _Fields, number: int, budget: Iterator[int]) -> _Fields:
    """Return the fields of the message in field `number`; parts that occur twice are merged, as the format says."""
    spans = [value for field, value in fields if field == number and isinstance(value, slice)]
    return [inner for span in spans for inner in _fields(data, span, budget)]


def _size(dimension: _Fields) -> int | None:
    values = [value for number, value in dimension if number == 1 and isinstance(value, int)]
    return values[-1] if values and 0 < values[-1] < 1 << 63 else None
