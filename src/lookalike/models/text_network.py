"""Feeds texts to a network in ONNX Runtime and reads one vector for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import BadModel, UnknownWords
from lookalike.models.files import one_line
from lookalike.models.network import FLOATS, MAX_BATCH, infer
from lookalike.models.onnx_file import OnnxFile, Port
from lookalike.models.tokens import Tokenizer, Tokens

BATCH = 32
"""Texts at once where the network leaves it open."""

MAX_LENGTH = 4096
"""Tokens; a network that claims more is a mistake or an attack on the memory."""

_INPUTS: dict[int, type[np.generic]] = {1: np.float32, 6: np.int32, 7: np.int64, 9: np.bool_}
_WHOLE = (6, 7)
_EMBEDDINGS = ("embedding", "embeddings", "text_embeds", "text_embedding", "text_features", "pooler_output")


@dataclass(frozen=True)
class TextPlug:
    """How a network is fed with texts, and which of its outputs describes them.

    Attributes
    ----------
    ids : Port
        Takes (N, L) numbers of tokens.
    others : tuple of Port
        Take what follows from the tokens: which of them belong to the text, of which sentence, at which place.
    output : Port
    batch, length : int or None
        N and L where the network fixes them.
    """

    ids: Port
    others: tuple[Port, ...]
    output: Port
    batch: int | None
    length: int | None

    @property
    def has_mask(self) -> bool:
        """Whether the network is told which tokens only fill up."""
        return any(_role(port) == "mask" for port in self.others)


def find_text_plug(path: Path, onnx: OnnxFile, n_dims: int) -> TextPlug:
    """Decide how the network at `path` is fed and read.

    Parameters
    ----------
    path : Path
        For messages.
    onnx : OnnxFile
    n_dims : int
        D of the vectors of pictures, which those of texts must meet.

    Raises
    ------
    BadModel
        If it takes something else than tokens, or gives no vectors, or others than D numbers.
    """
    roles = {port.name: _role(port) for port in onnx.inputs}
    main = [port for port in onnx.inputs if roles[port.name] == "ids"]
    others = tuple(port for port in onnx.inputs if roles[port.name] in ("mask", "type", "place"))
    shapes = {port.shape for port in (*main, *others) if port.shape is not None and None not in port.shape}
    if len(main) != 1 or len(main) + len(others) != len(onnx.inputs) or len(shapes) > 1:
        ports = ", ".join(f"{port.name!r} {port.shape} of type {port.type}" for port in onnx.inputs)
        raise BadModel(
            f"{path} takes {ports}, no tokens (N, L) of int32 or int64 with at most a mask, types and places beside: "
            "export the network that reads words alone."
        )
    batch, length = main[0].shape or (None, None)
    if (batch or 1) > MAX_BATCH or (length or 1) > MAX_LENGTH:
        raise BadModel(
            f"{path} takes {batch} texts of {length} tokens, over {MAX_BATCH} or {MAX_LENGTH}: export it for fewer."
        )
    return TextPlug(main[0], others, _output(path, onnx.outputs, n_dims), batch, length)


def _role(port: Port) -> str | None:
    """Return what a port of a network takes: "ids", "mask", "type", "place", or None for what no text has."""
    if port.type not in _INPUTS or (port.shape is not None and len(port.shape) != 2):
        return None
    name = port.name.lower()
    if "mask" in name:
        return "mask"
    if port.type not in _WHOLE:
        return None
    return "type" if "type" in name else "place" if "position" in name else "ids"


def _output(path: Path, outputs: tuple[Port, ...], n_dims: int) -> Port:
    flat = [port for port in outputs if port.type in FLOATS and (port.shape is None or len(port.shape) == 2)]
    named = [port for name in _EMBEDDINGS for port in flat if port.name == name]
    if not flat:
        names = ", ".join(repr(port.name) for port in outputs)
        raise BadModel(f"{path} gives {names} and no vector (N, D) for each text: export it with its last projection.")
    chosen = (named + flat)[0]
    check_dims(path, (chosen.shape or (None, None))[1], n_dims)
    return chosen


def check_dims(path: Path, found: int | None, n_dims: int) -> None:
    """Raise BadModel if texts get another number of numbers than pictures, as far as the network says."""
    if found not in (None, n_dims):
        raise BadModel(
            f"{path} gives {found} numbers for each text, and the network of pictures {n_dims}: "
            "take both from the same export, or remove the folder textual to search by pictures alone."
        )


@dataclass(frozen=True)
class TextNetwork:
    """A network that is ready to read; runs in several threads at once are fine.

    Attributes
    ----------
    path : Path
        For messages.
    session : onnxruntime.InferenceSession
    plug : TextPlug
    tokenizer : Tokenizer
    n_dims : int
        D.
    """

    path: Path
    session: Any
    plug: TextPlug
    tokenizer: Tokenizer
    n_dims: int

    def describe(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (N, D) float32, one vector for each of N texts, as the network gives them.

        Raises
        ------
        UnknownWords
            If nothing in a text is in the network's vocabulary.
        BadModel
            If the network fails, or answers with something else than one vector for each text.

        References
        ----------
        Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021 (CLIP).
        Zhai, Mustafa, Kolesnikov, Beyer, "Sigmoid Loss for Language Image Pre-Training", ICCV 2023 (SigLIP).
        """
        step = self.plug.batch or BATCH
        parts = [self._batch(texts[start : start + step]) for start in range(0, len(texts), step)]
        return np.concatenate([np.empty((0, self.n_dims), np.float32), *parts])

    def _batch(self, texts: Sequence[str]) -> NDArray[np.float32]:
        tokens = self.tokenizer.encode([*texts, *[texts[-1]] * ((self.plug.batch or 0) - len(texts))])
        for text, is_known in zip(texts, tokens.is_known, strict=False):
            if not is_known:
                raise UnknownWords(
                    f"the network {self.path.parents[1].name} knows none of the words {text[:60]!r}: write them in "
                    "another way, or in a language that it was trained on"
                )
        return self._run(tokens)[: len(texts)]

    def try_out(self, seconds: float | None = None) -> None:
        """Read one text, whether or not its words are known; raise BadModel if that fails or takes longer."""
        self._run(self.tokenizer.encode(["a boat"] * (self.plug.batch or 1)), seconds)

    def _run(self, tokens: Tokens, seconds: float | None = None) -> NDArray[np.float32]:
        try:
            feed = {port.name: _fed(port, tokens) for port in (self.plug.ids, *self.plug.others)}
            answer = infer(self.session, self.plug.output.name, feed, seconds)
        except Exception as error:  # its errors have no common root
            raise BadModel(f"{self.path} fails on a text ({one_line(error)}): export the network again.") from error
        if answer.ndim != 2 or len(answer) != len(tokens.ids):
            raise BadModel(
                f"{self.path} gives {answer.shape} for {len(tokens.ids)} texts, no vector for each: export it again."
            )
        check_dims(self.path, answer.shape[1], self.n_dims)
        return answer


def _fed(port: Port, tokens: Tokens) -> NDArray[np.generic]:
    dtype = _INPUTS[port.type]
    match _role(port):
        case "mask":
            values = tokens.mask
        case "type":
            values = np.zeros_like(tokens.ids)
        case "place":
            values = np.broadcast_to(np.arange(tokens.ids.shape[1]), tokens.ids.shape)
        case _:
            values = tokens.ids
    if port.type in _WHOLE and values.max() > np.iinfo(dtype).max:  # type: ignore[type-var]
        raise ValueError(f"the token {values.max()} does not fit the type of {port.name!r}")
    return np.ascontiguousarray(values, dtype)
