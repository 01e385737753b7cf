"""The half of a network that reads words, as it lies in the folder: what it consists of, and how it is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lookalike.errors import BadModel
from lookalike.models.files import file_in, read_json
from lookalike.models.manifest import TEXT_NETWORK, changed, listed, read_manifest
from lookalike.models.network import open_session
from lookalike.models.onnx_file import read_onnx
from lookalike.models.text_network import MAX_LENGTH, TextNetwork, TextPlug, find_text_plug
from lookalike.models.tokens import CLEANINGS, Tokenizer, TokenRules

USUAL_LENGTH = 77
"""Tokens of a text where OpenCLIP's configuration does not say another number."""


def open_text_tower(folder: Path, n_dims: int, n_threads: int = 1) -> TextNetwork:
    """Make the network that reads words ready to run, after comparing its files with their hashes.

    Parameters
    ----------
    folder : Path
        Of the whole network.
    n_dims : int
        D of the vectors of pictures.
    n_threads : int
        Threads of one run, at least 1.

    Raises
    ------
    BadModel
        If a part is missing, has changed or is not understood, does not fit the other tower, or cannot be loaded by
        ONNX Runtime.
    """
    manifest = read_manifest(folder)
    path = folder / TEXT_NETWORK
    onnx = read_onnx(file_in(folder, TEXT_NETWORK))
    plug = find_text_plug(path, onnx, n_dims)
    tokenizer = _find(folder, "tokenizer.json")
    if tokenizer is None:
        raise BadModel(
            f"{folder} reads words and has no tokenizer.json: get the network again, with all its files, or remove the "
            "folder textual to search by pictures alone."
        )
    parent = TEXT_NETWORK.removesuffix("model.onnx")
    about = {name: place for name in ("tokenizer_config.json", "config.json") if (place := _find(folder, name))}
    names = [TEXT_NETWORK, *(parent + name for name in onnx.data_files), tokenizer, *about.values()]
    if problems := changed(folder, [listed(folder, name, manifest) for name in names]):
        raise BadModel(problems[0])
    content = {name: read_json(file_in(folder, place)) for name, place in about.items()}
    rules = _rules(folder, plug, content.get("tokenizer_config.json", {}), content.get("config.json", {}))
    return TextNetwork(path, open_session(path, n_threads), plug, Tokenizer(file_in(folder, tokenizer), rules), n_dims)


def _find(folder: Path, name: str) -> str | None:
    """Return where a description lies: beside the network that reads words, else at the top of the folder."""
    return next((sub + name for sub in ("textual/", "") if (folder / sub / name).exists()), None)


def _rules(folder: Path, plug: TextPlug, tokenizer: dict[str, Any], config: dict[str, Any]) -> TokenRules:
    """Read the configurations of OpenCLIP and immich (`text_cfg`), and of Hugging Face (`text_config`)."""
    try:
        open_clip, hugging_face = _section(config, "text_cfg"), _section(config, "text_config")
        kwargs = _section(open_clip, "tokenizer_kwargs")
        cleaning = kwargs.get("clean") or ("lower" if tokenizer.get("do_lower_case") else "whitespace")
        if cleaning not in CLEANINGS:
            raise ValueError(f"texts are cleaned by {', '.join(CLEANINGS)}, got {cleaning!r}")
        said = [open_clip.get("context_length"), hugging_face.get("max_position_embeddings"), plug.length]
        said += [USUAL_LENGTH if open_clip else tokenizer.get("model_max_length")]
        length = next((value for value in said if value is not None), None)
        if type(length) is not int or not 1 <= length <= MAX_LENGTH:
            raise ValueError(f"a text has 1 to {MAX_LENGTH} tokens, got {length!r}")
        if plug.length not in (None, length):
            raise ValueError(f"the network takes {plug.length} tokens, got {length}")
        is_fixed = plug.length is not None or not plug.has_mask
        return TokenRules(length, is_fixed, cleaning, _token(tokenizer, "pad_token"), _token(tokenizer, "unk_token"))
    except (ValueError, TypeError) as error:
        raise BadModel(
            f"{folder} does not say in a way that is understood how its network wants texts ({error}): "
            "correct config.json or tokenizer_config.json."
        ) from error


def _section(content: dict[str, Any], name: str) -> dict[str, Any]:
    section = content.get(name) or {}
    if not isinstance(section, dict):
        raise TypeError(f"{name} is an object, got {type(section).__name__}")
    return section


def _token(content: dict[str, Any], name: str) -> str | None:
    """Return a token that a configuration names, as a text or as an object with its text."""
    value = content.get(name)
    value = value.get("content") if isinstance(value, dict) else value
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} is a text, got {type(value).__name__}")
    return value
