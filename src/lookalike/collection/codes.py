"""The codes of a collection: how good they are, and a coder trained on its own vectors."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lookalike.codes.coder import save_coder
from lookalike.codes.head import MAX_VECTORS
from lookalike.collection.indexes import keep_code_index
from lookalike.collection.recode import fill_codes
from lookalike.collection.space_files import CODER
from lookalike.collection.store import PATIENCE_SECONDS, Store
from lookalike.collection.view import SpaceView
from lookalike.errors import BadQuery
from lookalike.types import Describer, Vectors

FEWEST = 256
"""Vectors to train on: with fewer, hyperplanes that know nothing do as well."""

N_QUERIES, N_NEAREST, N_BY_CODE = 200, 10, 100
"""What `agreement` asks: how many of the ten nearest are among the hundred that the codes put first."""


@dataclass(frozen=True)
class CodesReport:
    """The codes of one generation of a space.

    Attributes
    ----------
    space : str
    generation : int
    method, version : str
        Of the coder; empty where it cannot be used.
    n_bits : int
    vectors, codes : int
        Of what was not removed, and how many of them have a code by this coder.
    agreement : float or None
        Of the 10 nearest vectors of up to 200 pictures, the share among the best 100 by code; None without codes.
    """

    space: str
    generation: int
    method: str
    version: str
    n_bits: int
    vectors: int
    codes: int
    agreement: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return asdict(self)


def codes_report(view: SpaceView) -> CodesReport:
    """Measure the codes of a space."""
    coder, space = view.coder, view.space
    is_current = coder is not None and coder.version == space.coder
    return CodesReport(
        space=space.name,
        generation=space.generation,
        method="" if coder is None else coder.method,
        version="" if coder is None else coder.version,
        n_bits=0 if coder is None else coder.n_bits,
        vectors=int(np.count_nonzero(view.is_live)),
        codes=int(np.count_nonzero(view.is_live[: space.n_codes])) if is_current else 0,
        agreement=_agreement(view),
    )


def _agreement(view: SpaceView) -> float | None:
    from lookalike.ranking.chance import evenly  # SciPy: 0.15 s that opening need not take

    live = np.flatnonzero(view.is_live)
    if not view.codes or len(live) < 2:
        return None
    places = evenly(len(live), N_QUERIES)
    rows = live[places]
    nearest = view.index.search(view.vectors(rows), min(N_NEAREST + 1, len(live)), allowed=view.is_live).rows
    codes = np.concatenate(view.codes)[live]
    shares = []
    for place, row, found in zip(places, rows, nearest, strict=True):
        others = found[found != row][:N_NEAREST]
        by_code = live[np.argsort(np.bitwise_count(codes ^ codes[place]).sum(axis=1, dtype=np.uint16), kind="stable")]
        shares.append(np.isin(others, by_code[by_code != row][:N_BY_CODE]).mean())
    return round(float(np.mean(shares)), 4)


def train_codes(
    store: Store, view: SpaceView, describer: Describer, progress: Callable[[int, int], None] | None
) -> None:
    """Train the coder that needs no labels on the vectors of a space, and make all its codes anew.

    Raises
    ------
    BadQuery
        If there are fewer than 256 vectors.
    """
    from lookalike.codes.listwise import train_listwise

    vectors = _spread(view)
    coder = train_listwise(vectors, progress=progress)
    with store.writing(patience=PATIENCE_SECONDS):
        space = store.as_it_is(view.space)
        if space is None:
            raise BadQuery(
                f"generation {view.space.generation} of {view.space.name} was dropped meanwhile; train another"
            )
        save_coder(store.folder_of(space) / CODER, coder)
        fill_codes(store, space, describer)
        if (recoded := store.as_it_is(space)) is not None:
            keep_code_index(store, recoded, describer)


def _spread(view: SpaceView) -> Vectors:
    from lookalike.ranking.chance import evenly  # as in `_agreement`

    live = np.flatnonzero(view.is_live)
    vectors = view.vectors(live[evenly(len(live), MAX_VECTORS)])
    if len(vectors) < FEWEST:
        raise BadQuery(
            f"the space {view.space.name} holds {len(vectors)} vectors and training takes {FEWEST}; "
            "add more pictures, or stay with the coder that is there"
        )
    return vectors
