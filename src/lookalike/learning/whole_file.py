"""Files that are whole at any moment, also where a process is killed or the disk is full."""

from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a text file in place of the one before, whole or not at all."""
    growing = path.with_name(f"{path.name}.new")
    growing.write_text(text, encoding="utf-8")
    growing.replace(path)
