"""`space.json`: how the vectors beside it were made, for whoever reads them without the catalogue."""

import json
import zlib
from pathlib import Path
from typing import Any

from lookalike.codes.coder import Coder
from lookalike.finders.whole import WholeFrame
from lookalike.types import Describer

FORMAT = 1
"""Of the files below `spaces/`."""


def write_facts(folder: Path, name: str, describer: Describer, coder: Coder) -> None:
    """Write what identifies a space's describer, finder and coder into its folder, in one step."""
    facts = {
        "format": FORMAT,
        "name": name,
        "finder": WholeFrame.name,
        "finder_version": WholeFrame.version,
        "describer": type(describer).__name__,
        "version": describer.version,
        "size": describer.size,
        "n_dims": describer.n_dims,
        "coder": {
            "method": coder.method,
            "version": coder.version,
            "n_bits": coder.n_bits,
            "groups": None if coder.order is None else coder.order.groups.tolist(),
        },
    }
    part = folder / "space.json.part"
    part.write_text(_sealed(facts))
    part.replace(folder / "space.json")


def describer_of(folder: Path) -> str | None:
    """Return the class of the describer that a space was made by, None if the file does not say."""
    try:
        name = json.loads((folder / "space.json").read_text())["describer"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) else None


def are_facts_sound(folder: Path) -> bool:
    """Return whether the file is there, byte for byte as it was written."""
    try:
        text = (folder / "space.json").read_text()
        facts = json.loads(text)
        del facts["crc32"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return text == _sealed(facts)


def _sealed(facts: dict[str, Any]) -> str:
    return json.dumps(facts | {"crc32": zlib.crc32(json.dumps(facts).encode())}, indent=2) + "\n"
