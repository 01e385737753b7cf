"""Nothing in the package turns data into code, and nothing heavy or chatty loads before it is used."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import lookalike

MODULES = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
CALLS = {"eval", "exec", "torch.load", "yaml.load", "yaml.unsafe_load", "pandas.read_pickle", "PickleType"}


def suspects(source: str) -> Iterator[str]:
    """Yield what could run code from data: imports, calls, and NumPy files with pickles."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from {alias.name.split(".")[0] for alias in node.names} & MODULES
        elif isinstance(node, ast.ImportFrom):
            yield from {(node.module or "").split(".")[0]} & MODULES
            yield from {alias.name for alias in node.names} & MODULES
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            yield from {name, name.rpartition(".")[2] if "Pickle" in name else name} & CALLS
            allows = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}.get("allow_pickle")
            if name in ("np.load", "numpy.load") and allows != "False":
                yield f"{name} without allow_pickle=False"
            elif allows not in (None, "False"):
                yield f"{name} with allow_pickle={allows}"


def test_no_module_turns_data_into_code() -> None:
    package = Path(lookalike.__file__).parent
    found = [f"{path.name}: {what}" for path in package.rglob("*.py") for what in suspects(path.read_text("utf-8"))]
    assert found == []


def test_the_gate_sees_what_it_should() -> None:
    source = """
import pickle, torch
from joblib import load
eval("1"); exec("2"); torch.load("f"); yaml.load(f); np.load(f); np.load(f, allow_pickle=True); sa.PickleType()
np.load(f, allow_pickle=False); session.exec_driver_sql("select 1"); re.compile("x"); json.load(f)
"""
    assert sorted(suspects(source)) == [
        "PickleType", "eval", "exec", "joblib", "np.load without allow_pickle=False",
        "np.load without allow_pickle=False", "pickle", "torch.load", "yaml.load",
    ]  # fmt: skip


def test_reading_networks_loads_neither_the_runtime_nor_the_hub() -> None:
    code = "import sys, lookalike.models; print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"onnxruntime", "huggingface_hub", "cv2", "scipy", "onnx"} & set(output.split())


def test_a_pull_obeys_the_offline_switch_of_the_hub(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, lookalike.models as m\n"
        "try: m.pull_model('org/net', pathlib.Path(sys.argv[1]), confirm=lambda _: True)\n"
        "except m.hub.ModelNotFound as error: print(error)"
    )
    command, environment = [sys.executable, "-c", code, str(tmp_path)], {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert "cannot be had from the hub" in done.stdout and "ffline" in done.stdout
