"""Tries a network in a process of its own, which a hostile file may fill, crash or keep busy without harm."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from lookalike.errors import BadModel
from lookalike.models.manifest import parts_of

TRIAL = 30.0
"""Seconds for the first picture or text; the largest networks take some on a slow CPU, one may be made never to end."""

LOADING = 120.0
"""Seconds to start the process and load a network, and one more for each `BYTES_PER_SECOND` of its files."""

BYTES_PER_SECOND = 20_000_000
"""Read from a slow disk, and made ready by a slow processor."""

_SINGLE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
"""Each thread takes address space, on machines of many processors more than the network itself."""

MEMORY, COPIES = 4 << 30, 8
"""Bytes of address space that a network may take, and for each of its own so many more: it is unpacked and arranged."""


def try_network(folder: Path) -> int:
    """Let the network in a folder see a black picture and, if it reads words, a text; return D of its vectors.

    Raises
    ------
    BadModel
        If it cannot be loaded or run, fills the memory, takes too long, or gives no vectors of a reasonable size.
    """
    n_bytes = sum((folder / part).stat().st_size for part in parts_of(folder))
    seconds = LOADING + n_bytes / BYTES_PER_SECOND + 2 * TRIAL
    arguments = [str(folder.resolve()), str(TRIAL), str(MEMORY + COPIES * n_bytes)]
    command = [sys.executable, "-P", "-c", "from lookalike.models.tried import main; main()", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, env={**os.environ, **_SINGLE})
    except subprocess.TimeoutExpired as error:
        raise BadModel(
            f"{folder} was not loaded and tried within {seconds:.0f} seconds: do not use this network."
        ) from error
    if done.returncode:
        raise BadModel(f"{folder} cannot be tried ({cause_of(done)}): do not use this network.")
    found = json.loads(done.stdout)
    if "refusal" in found:
        raise BadModel(found["refusal"])
    return int(found["dims"])


def cause_of(done: subprocess.CompletedProcess[str]) -> str:
    """Return why a process ended without an answer, as it says or as its end shows."""
    if done.returncode < 0:
        return f"it crashed with {signal.Signals(-done.returncode).name}"
    return done.stderr.strip().rpartition("\n")[2][:300] or f"exit status {done.returncode}"
