"""The process in which a network is tried: within a limit of memory, it sees a picture and reads a text."""

from __future__ import annotations

import json
import resource
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

from lookalike.errors import LookalikeError
from lookalike.models.model import checked_dims, read_model
from lookalike.models.network import Network, open_session
from lookalike.models.text_tower import open_text_tower


def _tried(folder: Path, seconds: float) -> int:
    model = read_model(folder)
    path = folder / model.network
    network = Network(path, open_session(path), model.plug, model.preprocessing)
    black = np.zeros((1, *model.preprocessing.size, 3), np.uint8)
    n_dims = checked_dims(path, network.describe(black, seconds).shape[1])
    if model.has_text:
        open_text_tower(folder, n_dims).try_out(seconds)
    return n_dims


def main() -> None:
    """Try the network in the folder that the command names, and print D as JSON, or why it is refused."""
    folder, seconds, n_bytes = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    with suppress(ValueError, OSError):  # a system that lacks the limit still has the parent's clock
        resource.setrlimit(resource.RLIMIT_AS, (n_bytes, n_bytes))
    try:
        answer: dict[str, int | str] = {"dims": _tried(folder, seconds)}
    except LookalikeError as error:
        answer = {"refusal": str(error)}
    except MemoryError:
        answer = {"refusal": f"{folder} fills the memory of {n_bytes} bytes: do not use this network."}
    print(json.dumps(answer))
