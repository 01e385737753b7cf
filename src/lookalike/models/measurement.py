"""How much memory and time a network takes on this computer, measured in a process of its own.

``python -m lookalike.models.measurement FOLDER THREADS`` prints what it measured as JSON; `measure_network` starts it.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lookalike.errors import BadModel, LookalikeError
from lookalike.models.measured import Measurement
from lookalike.models.model import Model, open_network, open_text_network, read_model
from lookalike.models.preprocessing import fit
from lookalike.models.trial import cause_of

SECONDS = 2.0
"""To repeat what is timed, after one time that is not counted."""

PICTURE = (768, 1024)
"""Height and width of the pictures that are described."""

LIMIT = 600.0
"""Seconds after which a network is given up."""


def measure_network(model: Model, n_threads: int = 1) -> Measurement:
    """Measure a network's time and memory in a process of its own, which takes some seconds.

    Raises
    ------
    BadModel
        If it cannot be opened or run, or takes longer than ten minutes.
    """
    command = [sys.executable, "-P", "-m", __name__, str(model.folder.resolve()), str(n_threads)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired as error:
        raise BadModel(f"{model.name} was not measured within {LIMIT:.0f} seconds: take a smaller network.") from error
    if done.returncode:
        raise BadModel(
            f"{model.name} cannot be measured ({cause_of(done)}): run `lookalike models verify {model.name}`."
        )
    return Measurement(**json.loads(done.stdout))


def _measured(folder: Path, n_threads: int) -> Measurement:
    model = read_model(folder)
    network = open_network(model, n_threads)
    rng = np.random.default_rng(7)
    pictures = rng.integers(0, 256, (network.batch, *PICTURE, 3), dtype=np.uint8)

    def describe() -> None:
        network.describe(np.stack([fit(picture, model.preprocessing) for picture in pictures]))

    per_picture = _milliseconds(describe) / len(pictures)
    per_text = None
    if model.has_text:
        texts = open_text_network(model, n_threads)
        per_text = _milliseconds(texts.try_out) / (texts.plug.batch or 1)
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return Measurement(per_picture, per_text, peak, n_threads)


def _milliseconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes: the median of many times."""
    work()
    times: list[float] = []
    while sum(times) < SECONDS or len(times) < 3:
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return round(float(np.median(times)) * 1000, 3)


if __name__ == "__main__":
    try:
        print(json.dumps(_measured(Path(sys.argv[1]), int(sys.argv[2])).to_json()))
    except LookalikeError as error:
        sys.exit(str(error))
