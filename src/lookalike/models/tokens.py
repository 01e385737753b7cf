"""How words become the numbers of tokens that a network reads: cleaned, cut, and filled up to a length."""

from __future__ import annotations

import base64
import json
import math
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import BadModel
from lookalike.models.files import MAX_TOKENIZER, one_line, read_bytes

MAX_STEPS = 256
"""Steps by which a tokenizer may change a text; those in use have a handful, or one for each punctuation mark."""

MAX_GROWTH = 4096
"""How many times longer these steps may make a text, as far as they say: a doubling repeated fills any memory."""

CLEANINGS = ("whitespace", "lower", "canonicalize")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True)
class TokenRules:
    """What a network's folder says about the texts that it reads.

    Attributes
    ----------
    length : int
        Tokens of a text, at most.
    is_fixed : bool
        Whether every text is filled up to `length`; otherwise to the longest of those that come together.
    cleaning : {"whitespace", "lower", "canonicalize"}
        Whether runs of white space become one space only, letters also become small, or punctuation also goes.
    pad_token : str or None
        What fills up; None takes what the tokenizer says itself.
    unknown_token : str or None
        What stands for whatever is not in the vocabulary.
    """

    length: int
    is_fixed: bool
    cleaning: str
    pad_token: str | None
    unknown_token: str | None


@dataclass(frozen=True)
class Tokens:
    """N texts as tokens.

    Attributes
    ----------
    ids : (N, L) int64
    mask : (N, L) int64
        1 where a token belongs to the text, 0 where it only fills up.
    is_known : (N,) bool
        Whether anything in the text is in the vocabulary.
    """

    ids: NDArray[np.int64]
    mask: NDArray[np.int64]
    is_known: NDArray[np.bool_]


def cleaned(text: str, cleaning: str) -> str:
    """Return a text as the network saw texts in training.

    >>> cleaned("  A red_boat,  at sea! ", "canonicalize")
    'a red boat at sea'
    """
    if cleaning == "canonicalize":
        text = text.replace("_", " ").translate(_NO_PUNCTUATION)
    text = " ".join(text.split())
    return text if cleaning == "whitespace" else text.lower()


class Tokenizer:
    """Turns texts into tokens by a ``tokenizer.json``, which comes from a stranger and is read as data.

    Parameters
    ----------
    path : Path
    rules : TokenRules

    Raises
    ------
    BadModel
        If the file is too large, damaged, no tokenizer, without a token that fills up, or made to fill the memory.
    """

    def __init__(self, path: Path, rules: TokenRules) -> None:
        self.path = path
        self.rules = rules
        self._tokenizer = _loaded(path)
        _check_growth(self._tokenizer, path)
        self._unknown = self._tokenizer.token_to_id(rules.unknown_token) if rules.unknown_token else None
        self._pad = self._find_pad()
        self._tokenizer.enable_truncation(max_length=rules.length)
        self._tokenizer.no_padding()  # `encode` does it

    def _find_pad(self) -> int:
        own = self._tokenizer.padding
        if self.rules.pad_token is None and own is not None:
            return int(own["pad_id"])
        pad_id = self._tokenizer.token_to_id(self.rules.pad_token) if self.rules.pad_token else None
        if pad_id is None:
            raise BadModel(
                f"{self.path} does not know the token {self.rules.pad_token!r} that fills texts up: "
                'name one of its tokens as "pad_token" in tokenizer_config.json.'
            )
        return int(pad_id)

    def encode(self, texts: Sequence[str]) -> Tokens:
        """Return the tokens of at least one text.

        Raises
        ------
        BadModel
            If the tokenizer fails, or gives other lengths than it should.
        """
        try:
            found = [self._tokenizer.encode(cleaned(text, self.rules.cleaning)) for text in texts]
        except BaseException as error:
            raise _refusal(self.path, error) from error
        longest = max(len(one.ids) for one in found)
        if longest > self.rules.length:
            raise BadModel(
                f"{self.path} makes {longest} tokens of a text where {self.rules.length} is the most: "
                "get the network again, with all its files."
            )
        shape = len(found), self.rules.length if self.rules.is_fixed else longest
        ids, mask = np.full(shape, self._pad, np.int64), np.zeros(shape, np.int64)
        for row, one in enumerate(found):
            ids[row, : len(one.ids)], mask[row, : len(one.ids)] = one.ids, 1
        return Tokens(ids, mask, np.array([self._knows(one) for one in found], np.bool_))

    def _knows(self, encoding: Any) -> bool:
        """Return whether a token of the text itself, not one that every text gets, is in the vocabulary."""
        return any(
            not is_special and token != self._unknown
            for token, is_special in zip(encoding.ids, encoding.special_tokens_mask, strict=True)
        )


def _loaded(path: Path) -> Any:
    import tokenizers

    data = read_bytes(path, MAX_TOKENIZER)
    try:
        return tokenizers.Tokenizer.from_buffer(data)
    except BaseException as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: BaseException) -> BadModel:
    """Return what to raise for what the library raised: a panic of its Rust code is no `Exception`."""
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error
    return BadModel(f"{path} is no tokenizer, or a damaged one ({one_line(error)}): get the network again.")


def _check_growth(tokenizer: Any, path: Path) -> None:
    parts = [part for part in (tokenizer.normalizer, tokenizer.pre_tokenizer) if part is not None]
    steps = [step for part in parts for step in _steps(json.loads(part.__getstate__()))]
    growth = math.prod(map(_growth, steps))
    if len(steps) > MAX_STEPS or growth > MAX_GROWTH:
        raise BadModel(
            f"{path} changes a text in {len(steps)} steps that may make it {growth} times longer, over the limits of "
            f"{MAX_STEPS} and {MAX_GROWTH}: do not use this network."
        )


def _steps(part: Any) -> Iterator[dict[str, Any]]:
    """Yield every step of a normalizer or pre-tokenizer, with those inside sequences."""
    if isinstance(part, dict):
        if "type" in part:
            yield part
        for value in part.values():
            yield from _steps(value)
    elif isinstance(part, list):
        for value in part:
            yield from _steps(value)


def _growth(step: dict[str, Any]) -> int:
    """Return how many times longer a step makes a text, at most; a letter counts as one however many bytes it has."""
    match step["type"]:
        case "ByteLevel":
            return 2
        case "Prepend":
            return 1 + len(step["prepend"])
        case "Precompiled":
            return _longest_part(base64.b64decode(step["precompiled_charsmap"]))
        case "Replace":
            return _replaced(step)
        case _:
            return 1


def _longest_part(charsmap: bytes) -> int:
    """Return the most bytes that SentencePiece's table puts for a letter: behind a trie, each ends with a zero."""
    n_trie = int.from_bytes(charsmap[:4], "little")
    return max(1, max(map(len, charsmap[4 + n_trie :].split(b"\0"))))


def _replaced(step: dict[str, Any]) -> int:
    content, pattern = len(step["content"]), step["pattern"]
    found = len(pattern.get("String", "")) if isinstance(pattern, dict) else 0  # an expression may find nothing at all
    return max(1, -(-content // found)) if found else 1 + content
