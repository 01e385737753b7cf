"""A collection that is served from a process of its own, as people serve theirs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def served(collection: Path, *arguments: object, **variables: str) -> Iterator[str]:
    """Serve a collection and yield its address."""
    words = ["--collection", collection, "serve", "--port", 0, "--no-open", *arguments]
    command = [sys.executable, "-m", "lookalike", *map(str, words)]
    environment = os.environ | {"LOOKALIKE_WORKERS": "1"} | variables
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
