"""The model card of an exported network, rendered from the facts and the measured quality beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from lookalike.errors import BadModel

CARD, QUALITY = "README.md", "quality.json"


def write_card(folder: Path) -> None:
    """Write the card of a network that `export` made.

    Parameters
    ----------
    folder : Path
        With ``facts.json``, and ``quality.json`` where quality was measured: ``{"sha256": of model.onnx, "figures":
        [{"what": "...", "value": 0.45, "low": 0.43, "high": 0.47, "command": "..."}, ...]}``. Figures of another
        network are left out.

    Raises
    ------
    BadModel
        If one of these files is damaged.
    """
    try:
        facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        figures = _figures(folder)
        lines = [*_head(folder, facts), *_pictures(facts), *_quality(figures), *_use(folder, facts)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadModel(f"{folder} has no facts for a card ({error!r}): export the network again.") from error
    (folder / CARD).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _figures(folder: Path) -> list[dict[str, Any]]:
    if not (folder / QUALITY).exists():
        return []
    quality = json.loads((folder / QUALITY).read_text(encoding="utf-8"))
    is_current = quality["sha256"] == sha256((folder / "model.onnx").read_bytes()).hexdigest()
    return quality["figures"] if is_current else []


def _head(folder: Path, facts: dict[str, Any]) -> Iterator[str]:
    share = facts["step"] / facts["n_steps"]
    yield from (f"# {folder.resolve().name}", "")
    yield (
        f"A network that describes a picture by {facts['n_dims']} numbers, so that pictures of like things get like "
        f"numbers. {facts['n_parameters']:,} parameters, {facts['n_bytes'] / 1e6:.1f} MB; it sees "
        f"{facts['side']} x {facts['side']} pixels."
    )
    yield from ("", f"Trained for {facts['step']:,} of {facts['n_steps']:,} batches ({share:.0%}) of `recipe.json`.")
    if facts["n_steps_before"]:
        before = f"{facts['n_steps_before']:,} batches"
        yield f"It began with the weights that {before} of what stands there as `before` gave."
    if facts["curve"]:
        last = facts["curve"][-1]
        yield (
            f"At the end the loss was {last['loss']:.3f}, and the mAP of pictures kept aside, each among those of its "
            f"head, {last['mean_average_precision']:.3f}."
        )
    yield from ("", "![Learning curve](curve.svg)", "")


def _pictures(facts: dict[str, Any]) -> Iterator[str]:
    yield from ("## What it was trained on", "")
    yield from ("| source | pictures | kept aside | head | labels of the head | what, and its terms |",)
    yield "|---|---|---|---|---|---|"
    for name, source in facts["sources"].items():
        head = source["head"]
        counts = f"{source['n_trained']:,} | {source['n_kept_aside']:,} | {_cell(head)} | {facts['n_labels'][head]:,}"
        yield f"| {_cell(name)} | {counts} | {_cell(source['about']) or 'not said'} |"
    yield from (
        "",
        "No picture is in this folder. The network has the licence that `lookalike.json` names; the pictures",
    )
    yield from ("have the terms of those who published them.", "")


def _quality(figures: list[dict[str, Any]]) -> Iterator[str]:
    yield from ("## How well it finds", "")
    if not figures:
        yield from ("Not measured yet.", "")
        return
    yield from ("| what | value | 95 % interval | measured by |", "|---|---|---|---|")
    for figure in figures:
        interval = f"{figure['low']:.3f} to {figure['high']:.3f}" if "low" in figure else ""
        yield f"| {_cell(figure['what'])} | {figure['value']:.3f} | {interval} | `{_cell(figure['command'])}` |"
    yield ""


def _cell(text: str) -> str:
    """Return text that stays in its cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def _use(folder: Path, facts: dict[str, Any]) -> Iterator[str]:
    yield from ("## How to use it", "")
    yield "`model.onnx` takes `pixels` (N, 3, H, W) float32, as `preprocess_cfg.json` says, and gives, if asked for:"
    yield from ("", "| output | shape | what |", "|---|---|---|")
    yield f"| `vector` | (N, {facts['n_dims']}) | L2-normalized |"
    yield "| `map` | (N, C, h, w) | the last map of features, a 16th of the picture's size |"
    yield "| `early_map` | (N, c, 2 h, 2 w) | an earlier one, twice as fine |"
    yield "| `weights` | (D, C) | from the pooled last map to its part of the vector, before that is normalized |"
    yield from ("", f"The last map is pooled by the generalized mean with p = {facts['gem_p']:.4f}.")
    if (folder / "proxies.npz").exists():
        yield "`proxies.npz` has a direction for each label that it was trained on."
    yield ""
    yield from ("## What it cannot do", "")
    yield "It was trained on small pictures of the kinds listed above. Of things unlike them it says little; it was"
    yield "not made to recognise people, and no decision about a person should rest on it."
