"""What needs PyTorch is collected where it is installed, which `make test-train` sees to."""

from importlib.util import find_spec

WITH_TORCH = ["checkpoint.py", "export.py", "graph.py", "losses/*", "network.py", "poolings/*", "training.py"]

collect_ignore_glob = (
    []
    if find_spec("torch")
    else [*(f"src/lookalike/learning/{part}" for part in WITH_TORCH), "tests/learning/with_torch"]
)
