"""The half of a network that reads words, as it lies in the folder: what it consists of, and how it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookalike.errors import BadModel
from lookalike.models.files import file_in, read_json
from lookalike.models.manifest import TEXT_NETWORK, ModelFile, changed, listed, read_manifest
from lookalike.models.network import open_session
from lookalike.models.onnx_file import read_onnx
from lookalike.models.text_network import MAX_LENGTH, TextNetwork, TextPlug, find_text_plug
from lookalike.models.tokens import CLEANINGS, Tokenizer, TokenRules

USUAL_LENGTH = 77
"""Tokens of a text where OpenCLIP's configuration does not say another number."""


@dataclass(frozen=True)
class TextTower:
    """A network that reads words, with what turns words into tokens.

    Attributes
    ----------
    folder : Path
        Of the whole network.
    files : tuple of ModelFile
        The network, its data files, the tokenizer, and the descriptions that were read.
    tokenizer : str
        The name of the tokenizer's file in the folder.
    plug : TextPlug
    rules : TokenRules
    n_dims : int
        D, of pictures and of texts.
    """

    folder: Path
    files: tuple[ModelFile, ...]
    tokenizer: str
    plug: TextPlug
    rules: TokenRules
    n_dims: int

    def open(self, n_threads: int = 1) -> TextNetwork:
        """Make the network ready to read, after comparing its files with their hashes.

        Raises
        ------
        BadModel
            If a file has changed, is no tokenizer, or cannot be loaded by ONNX Runtime.
        """
        if problems := changed(self.folder, self.files):
            raise BadModel(problems[0])
        tokenizer = Tokenizer(file_in(self.folder, self.tokenizer), self.rules)
        path = self.folder / TEXT_NETWORK
        return TextNetwork(path, open_session(path, n_threads), self.plug, tokenizer, self.n_dims)


def read_text_tower(folder: Path, n_dims: int) -> TextTower:
    """Read what a network's folder says about words, without running anything.

    Parameters
    ----------
    folder : Path
    n_dims : int
        D of the vectors of pictures.

    Raises
    ------
    BadModel
        If a part is missing or not understood, or does not fit the other tower.
    """
    manifest = read_manifest(folder)
    onnx = read_onnx(file_in(folder, TEXT_NETWORK))
    plug = find_text_plug(folder / TEXT_NETWORK, onnx, n_dims)
    tokenizer = _find(folder, "tokenizer.json")
    if tokenizer is None:
        raise BadModel(
            f"{folder} reads words and has no tokenizer.json: get the network again, with all its files, or remove the "
            "folder textual to search by pictures alone."
        )
    parent = TEXT_NETWORK.removesuffix("model.onnx")
    about = {name: place for name in ("tokenizer_config.json", "config.json") if (place := _find(folder, name))}
    names = [TEXT_NETWORK, *(parent + name for name in onnx.data_files), tokenizer, *about.values()]
    content = {name: read_json(file_in(folder, place)) for name, place in about.items()}
    return TextTower(
        folder=folder,
        files=tuple(listed(folder, name, manifest) for name in names),
        tokenizer=tokenizer,
        plug=plug,
        rules=_rules(folder, plug, content.get("tokenizer_config.json", {}), content.get("config.json", {})),
        n_dims=n_dims,
    )


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
