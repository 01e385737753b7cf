"""Feeds pictures to a network in ONNX Runtime and reads one vector for each."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import BadModel
from lookalike.models.files import file_in, one_line
from lookalike.models.onnx_file import OnnxFile, Port, read_onnx
from lookalike.models.preprocessing import Preprocessing, normalize

BATCH = 16
"""Pictures at once where the network leaves it open: enough for full speed on a CPU, little enough memory."""

MAX_BATCH = 1024
"""A network that claims more is a mistake or an attack on the memory."""

PATIENCE = 600.0
"""Seconds for a batch. A network that ended on the picture it was tried with may be made never to end on another."""

_INPUTS: dict[int, type[np.generic]] = {1: np.float32, 2: np.uint8, 10: np.float16}
FLOATS = {1, 10, 11}
"""Types of outputs that are vectors, as onnx.proto numbers them."""

_EMBEDDINGS = ("embedding", "embeddings", "image_embeds", "image_embedding", "image_features", "pooler_output")


@dataclass(frozen=True)
class Plug:
    """How a network is fed, and which of its outputs describes the picture.

    Attributes
    ----------
    input, output : str
        Names of the network's ends.
    dtype : {"float32", "float16", "uint8"}
        Of the input; uint8 takes plain grey levels.
    channels_first : bool
        (N, 3, h, w) if true, else (N, h, w, 3); maps in the output are laid out the same way.
    batch : int or None
        How many pictures it takes at once; None if any number.
    n_dims : int or None
        D, as the file or the manifest says; None if only a trial tells.
    """

    input: str
    output: str
    dtype: str
    channels_first: bool
    batch: int | None
    n_dims: int | None


def find_plug(path: Path, onnx: OnnxFile, size: tuple[int, int], output: str | None = None) -> Plug:
    """Decide how the network at `path` is fed and read.

    Parameters
    ----------
    path : Path
        For messages.
    onnx : OnnxFile
    size : (height, width)
        Of the input, as the preprocessing has it.
    output : str or None
        The output to take; None chooses: one named like an embedding, else the first (N, D), else the first with
        numbers.

    Raises
    ------
    BadModel
        If the network does not take pictures of this size, or gives nothing that can be a vector.
    """
    if len(onnx.inputs) != 1:
        names = ", ".join(repr(port.name) for port in onnx.inputs)
        raise BadModel(f"{path} takes {len(onnx.inputs)} inputs ({names}): export the part that sees pictures alone.")
    entry = onnx.inputs[0]
    shape = entry.shape or ()
    channels_first = len(shape) == 4 and (shape[1] == 3 or (shape[1] is None and shape[3] != 3))
    if len(shape) != 4 or shape[1 if channels_first else 3] not in (None, 3) or entry.type not in _INPUTS:
        raise BadModel(
            f"{path} takes {shape} of type {entry.type} in {entry.name!r}, no pictures (N, 3, h, w) or "
            "(N, h, w, 3) of float32, float16 or uint8: export the network for colour pictures."
        )
    fixed = shape[2:] if channels_first else shape[1:3]
    if any(side not in (None, wanted) for side, wanted in zip(fixed, size, strict=True)):
        raise BadModel(
            f"{path} takes pictures of {fixed} pixels and its preprocessing makes {size}: correct the preprocessing."
        )
    if (shape[0] or 1) > MAX_BATCH:
        raise BadModel(f"{path} takes {shape[0]} pictures at once, over {MAX_BATCH}: export it for fewer.")
    chosen = _choose(path, onnx.outputs, output)
    dtype = np.dtype(_INPUTS[entry.type]).name
    return Plug(entry.name, chosen.name, dtype, channels_first, shape[0], _dims(chosen, channels_first))


def _choose(path: Path, outputs: tuple[Port, ...], wanted: str | None) -> Port:
    floats = [port for port in outputs if port.type in FLOATS]
    if wanted is not None:
        floats = [port for port in floats if port.name == wanted]
    if not floats:
        names = ", ".join(repr(port.name) for port in outputs)
        raise BadModel(
            f"{path} has no output of numbers {f'named {wanted!r}' if wanted else 'to compare pictures by'}, only "
            f'{names}: name the right one as "output" in lookalike.json.'
        )
    named = [port for name in _EMBEDDINGS for port in floats if port.name == name]
    flat = [port for port in floats if port.shape is not None and len(port.shape) == 2]
    return (named + flat + floats)[0]


def _dims(port: Port, channels_first: bool) -> int | None:
    if port.shape is None or not 2 <= len(port.shape) <= 4:
        return None
    return port.shape[1] if len(port.shape) == 4 and channels_first else port.shape[-1]


def open_session(path: Path, n_threads: int = 1) -> Any:
    """Open a network in ONNX Runtime, after looking into it.

    Parameters
    ----------
    path : Path
        An ONNX file; its data files lie in the same folder.
    n_threads : int
        Threads of one run, at least 1. The same number gives the same vectors, bit by bit.

    Returns
    -------
    session : onnxruntime.InferenceSession

    Raises
    ------
    BadModel
        If the file asks for anything outside its folder or ONNX Runtime, or ONNX Runtime cannot read it.
    """
    import onnxruntime

    for name in read_onnx(path).data_files:
        file_in(path.parent, name)
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = n_threads, 1
    options.use_deterministic_compute = True
    options.enable_cpu_mem_arena = False  # it keeps the memory of the largest batch for good
    options.log_severity_level = 4  # what goes wrong arrives as an exception
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common root
        raise BadModel(f"{path} cannot be loaded ({one_line(error)}): get or export the network again.") from error


def infer(
    session: Any, output: str, feed: Mapping[str, NDArray[Any]], seconds: float | None = None
) -> NDArray[np.float32]:
    """Run a network and return what it gives in `output`, as float32.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
    output : str
    feed : mapping of str to array
        By the names of the inputs.
    seconds : float or None
        How long it may take; None means `PATIENCE`.

    Raises
    ------
    TimeoutError
        If it takes longer.
    """
    import onnxruntime

    seconds = PATIENCE if seconds is None else seconds
    options = onnxruntime.RunOptions()
    clock = threading.Timer(seconds, setattr, (options, "terminate", True))
    clock.start()
    try:
        with np.errstate(over="ignore"):  # whoever uses the vectors checks that they are finite
            return np.asarray(session.run([output], feed, options)[0], np.float32)
    except Exception as error:  # its errors have no common root
        if options.terminate:
            raise TimeoutError(f"it takes longer than {seconds:g} seconds") from error
        raise
    finally:
        clock.cancel()


@dataclass(frozen=True)
class Network:
    """A network that is ready to run; runs in several threads at once are fine.

    Attributes
    ----------
    path : Path
        For messages.
    session : onnxruntime.InferenceSession
    plug : Plug
    preprocessing : Preprocessing
    """

    path: Path
    session: Any
    plug: Plug
    preprocessing: Preprocessing

    @property
    def batch(self) -> int:
        """How many pictures to describe at once, at most."""
        return self.plug.batch or BATCH

    def describe(self, pixels: NDArray[np.uint8], seconds: float | None = None) -> NDArray[np.float32]:
        """Return one vector for each picture; a map, or a sequence of tokens, is averaged to one.

        Parameters
        ----------
        pixels : (N, h, w, 3) uint8
            RGB, of the size that the network takes; N at most `batch`.
        seconds : float or None
            How long it may take; None means `PATIENCE`.

        Returns
        -------
        vectors : (N, D) float32
            As the network gives them, neither normalized nor checked to be finite.

        Raises
        ------
        BadModel
            If the network fails, takes longer, or answers with something else than one vector for each picture.

        References
        ----------
        Babenko and Lempitsky, "Aggregating Deep Convolutional Features for Image Retrieval", ICCV 2015 (SPoC).

        Notes
        -----
        Differs from the paper: the average has no centre prior and no whitening.
        """
        laid_out = self._laid_out(pixels)
        try:
            with np.errstate(over="ignore"):  # of half precision, as above
                feed = {self.plug.input: laid_out.astype(self.plug.dtype, copy=False)}
            answer = infer(self.session, self.plug.output, feed, seconds)
        except Exception as error:  # its errors have no common root
            raise BadModel(f"{self.path} fails on a picture ({one_line(error)}): export the network again.") from error
        return self._pooled(answer, len(laid_out))[: len(pixels)]

    def _laid_out(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the pictures as the network takes them, uint8 or float32; if it takes more, others stand behind."""
        n_images, (height, width) = self.plug.batch or len(pixels), pixels.shape[1:3]
        shape = (n_images, 3, height, width) if self.plug.channels_first else (n_images, height, width, 3)
        laid_out = np.zeros(shape, np.uint8 if self.plug.dtype == "uint8" else np.float32)
        filled = (laid_out.transpose(0, 2, 3, 1) if self.plug.channels_first else laid_out)[: len(pixels)]
        if self.plug.dtype == "uint8":
            filled[:] = pixels
        else:
            normalize(pixels, self.preprocessing, filled)
        return laid_out

    def _pooled(self, answer: NDArray[np.float32], n_images: int) -> NDArray[np.float32]:
        if answer.ndim == 4:
            answer = answer.mean(axis=(2, 3) if self.plug.channels_first else (1, 2))
        elif answer.ndim == 3:
            answer = answer.mean(axis=1)
        if answer.ndim != 2 or answer.shape != (n_images, self.plug.n_dims or answer.shape[1]):
            raise BadModel(
                f"{self.path} gives {answer.shape} in {self.plug.output!r} for {n_images} pictures, not a vector of "
                f'{self.plug.n_dims or "some"} numbers for each: name the right output as "output" in lookalike.json.'
            )
        return answer
