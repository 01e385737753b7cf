"""The rows of the architecture: a module imports only from rows below its own."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import lookalike

PACKAGE = Path(lookalike.__file__).parent

ROWS = [
    "types query errors settings lock",
    "media catalog models",
    "finders describers codes index ranking video people text learning maps metrics sample",
    "collection",
    "evaluation jobs",
    "cli api",
]
ROW = {part: number for number, row in enumerate(ROWS) for part in row.split()}

PAIRS = {
    ("query", "errors"): "a query that cannot be understood is refused where it is made",
    ("query", "types"): "a picture in a query may be an array",
    ("settings", "errors"): "so is a setting",
    ("lock", "errors"): "and who finds something locked",
    ("describers", "codes"): "a describer brings what makes codes of its vectors",
    ("cli", "api"): "`lookalike serve` starts the server",
}
"""Neighbours that may import each other, with the reason."""


def imports() -> Iterator[tuple[Path, str, str]]:
    """Yield (file, importing part, imported part) for every import of our own inside the package."""
    for file in sorted(PACKAGE.rglob("*.py")):
        part = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(file.read_bytes())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file}:{node.lineno} imports relatively"
                names = [node.module or ""]
                if node.module == "lookalike":
                    names = [f"lookalike.{alias.name}" for alias in node.names]
            for name in names:
                if name.startswith("lookalike."):
                    yield file, part, name.split(".")[1]


def test_every_import_points_to_a_lower_row() -> None:
    wrong = [
        f"{file.relative_to(PACKAGE)}: {part} imports {other}"
        for file, part, other in imports()
        if part != other
        and part not in ("__init__", "__main__")
        and not other.startswith("__")
        and ROW[other] >= ROW[part]
        and (part, other) not in PAIRS
    ]
    assert not wrong, "\n".join(wrong)


def test_every_part_stands_in_a_row() -> None:
    parts = {
        path.name.removesuffix(".py")
        for path in PACKAGE.iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and not path.name.startswith("_")
    }
    assert parts <= set(ROW)


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, lookalike; print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    heavy = {"torch", "cv2", "onnxruntime", "numba", "scipy", "sqlalchemy", "PIL", "sklearn", "faiss"}
    assert not heavy & set(output.split())
