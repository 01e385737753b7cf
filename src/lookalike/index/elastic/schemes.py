"""What is looked up and what is compared: two-stage search, and the two that the published work sets beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_WORDS = 4
"""Of 64 bits in a code."""

WORD_BITS = 64


@dataclass(frozen=True)
class Scheme:
    """Which sub-codes are looked up, and how many words are compared.

    Attributes
    ----------
    n_tables : int
        Sub-codes of 16 bits, of which one must be within 2 bits of the query's.
    n_words : int
        Words of 64 bits whose Hamming distances are summed.
    """

    n_tables: int
    n_words: int

    @property
    def n_bits(self) -> int:
        """The largest distance there is."""
        return WORD_BITS * self.n_words


SCHEMES: Mapping[str, Scheme] = {
    "two-stage": Scheme(n_tables=4, n_words=4),
    "short": Scheme(n_tables=4, n_words=1),
    "long": Scheme(n_tables=16, n_words=4),
}
"""The scheme of the published work; its first stage alone; and one without a first stage."""


def subcodes(codes: NDArray[np.uint64], n_tables: int) -> NDArray[np.uint16]:
    """Return the first sub-codes (N, T) of ordered codes (N, 4): bits 16 t to 16 t + 15 of the little-endian words."""
    halves = np.ascontiguousarray(codes, dtype="<u8").view("<u2")
    return halves[:, :n_tables].astype(np.uint16)


def query_of(
    code: NDArray[np.uint64], scheme: Scheme, lookup: str, clauses: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the query for what is near to one ordered code.

    Parameters
    ----------
    code : (4,) uint64
    lookup : str
        The index of neighbours.
    clauses : sequence of mapping
        Further conditions, in the query language of the engine: all must hold, none counts.
    """
    near = [
        {"terms": {f"sub{table}": {"index": lookup, "id": str(subcode), "path": "near"}}}
        for table, subcode in enumerate(subcodes(code[None], scheme.n_tables)[0].tolist())
    ]
    one_of_them = {"bool": {"should": near, "minimum_should_match": 1}}
    return {
        "script_score": {
            "query": {"bool": {"filter": [one_of_them, *clauses]}},
            "script": {"lang": "painless", "source": _script(scheme.n_words), "params": _parameters(code, scheme)},
        }
    }


def _script(n_words: int) -> str:
    """Return the sum of `64 - distance` over words; the casts spare Painless to find out types at every code."""
    return " + ".join(
        f"({WORD_BITS} - Long.bitCount((long)params.word{word} ^ doc['word{word}'].value))" for word in range(n_words)
    )


def _parameters(code: NDArray[np.uint64], scheme: Scheme) -> dict[str, int]:
    return {f"word{word}": value for word, value in enumerate(code.view(np.int64)[: scheme.n_words].tolist())}
