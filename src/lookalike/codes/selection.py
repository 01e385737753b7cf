"""Which bits form the short code of an index, and how they are split into sub-codes."""

import numpy as np
from numpy.typing import NDArray

from lookalike.codes.coder import BitOrder
from lookalike.codes.packing import Codes, unpack_bits
from lookalike.codes.partition import partition

N_SHORT = 64
"""Bits of a short code."""

N_GROUPS = 4
"""Sub-codes of a short code."""


def bit_correlations(codes: Codes) -> NDArray[np.float64]:
    """Return how strongly each two bits hang together.

    Parameters
    ----------
    codes : (N, B/8) uint8

    Returns
    -------
    correlations : (B, B) float64
        Absolute, in [0, 1]. A bit that is the same everywhere tells nothing: its correlation with all others is 1.
    """
    bits = unpack_bits(codes).astype(np.float32)
    centred = bits - (bits.mean(axis=0) if len(bits) else 0)
    lengths = np.linalg.norm(centred, axis=0)
    is_constant = lengths < 1e-3
    lengths[is_constant] = 1
    unit = centred / lengths
    correlations = np.abs(unit.T @ unit).astype(np.float64)
    correlations[is_constant] = correlations[:, is_constant] = 1
    np.fill_diagonal(correlations, 1)
    return np.minimum(correlations, 1)


def imbalances(codes: Codes) -> NDArray[np.float64]:
    """Return how much of each bit is lost because one of its values is the usual one.

    Parameters
    ----------
    codes : (N, B/8) uint8

    Returns
    -------
    losses : (B,) float64
        In bits, 0 to 1: 1 + log2(p^2 + (1 - p)^2), where p is how often the bit is set. Two codes agree so much more
        often in it than they would in a bit that is set in half of them, and lists of sub-codes are so much longer.
    """
    set_in = unpack_bits(codes).mean(axis=0) if len(codes) else np.full(8 * codes.shape[1], 0.5)
    return 1 + np.log2(set_in**2 + (1 - set_in) ** 2)


def least_correlated(
    correlations: NDArray[np.float64], n_bits: int, losses: NDArray[np.float64] | None = None
) -> NDArray[np.int64]:
    """Return bits that hang together little.

    From all bits, the one that is most correlated with those that remain (sum of squares) is left out, until as many
    remain as are asked for.

    Parameters
    ----------
    correlations : (B, B) float64
    n_bits : int
        At most B.
    losses : (B,) float64 or None
        What speaks against each bit besides, in the unit of squared correlations.

    Returns
    -------
    bits : (n_bits,) int64
        Ascending.

    Raises
    ------
    ValueError
        If more bits are asked for than there are.
    """
    if not 0 < n_bits <= len(correlations):
        raise ValueError(f"there are {len(correlations)} bits to choose from, got n_bits = {n_bits}; ask for fewer")
    squares = correlations**2
    loads = squares.sum(axis=0) + (0 if losses is None else losses)
    remaining = np.ones(len(loads), dtype=np.bool_)
    for _ in range(len(loads) - n_bits):
        worst = int(np.where(remaining, loads, -np.inf).argmax())
        remaining[worst] = False
        loads -= squares[worst]
    return np.flatnonzero(remaining)


def select_then_split(codes: Codes, *, n_short: int = N_SHORT, n_groups: int = N_GROUPS, seed: int = 7) -> BitOrder:
    """Select bits that are little correlated, then split them into sub-codes that are independent of each other.

    Parameters
    ----------
    codes : (N, B/8) uint8
        Of vectors such as will be searched; some thousands are enough.
    n_short : int
        Bits to select, at most B.
    n_groups : int
    seed : int

    Raises
    ------
    ValueError
        If there are fewer than n_short bits, or they cannot be split into groups of whole bytes.

    References
    ----------
    Korfhage, Mühling, Freisleben, "ElasticHash: Semantic Image Similarity Search by Deep Hashing with Elasticsearch",
    CAIP 2021.

    Notes
    -----
    Differs from the paper: bits of which one value is usual are avoided too. Such a bit is hardly correlated with any
    other, but says little.
    """
    correlations = bit_correlations(codes)
    bits = least_correlated(correlations, n_short, imbalances(codes))
    groups = partition(correlations[np.ix_(bits, bits)], n_groups, seed=seed)
    return BitOrder(bits[groups].astype(np.uint16))


def split_then_select(codes: Codes, *, n_short: int = N_SHORT, n_groups: int = N_GROUPS, seed: int = 7) -> BitOrder:
    """Split all bits into groups that are independent of each other, then select little correlated bits of each.

    Parameters
    ----------
    codes, n_short, n_groups, seed
        As of `select_then_split`.

    Raises
    ------
    ValueError
        As `select_then_split`.

    References
    ----------
    Mühling et al., "VIVA: visual information retrieval in video archives", International Journal on Digital Libraries
    2022.
    """
    correlations = bit_correlations(codes)
    groups = partition(correlations, n_groups, seed=seed)
    losses, size = imbalances(codes), n_short // n_groups
    chosen = [group[least_correlated(correlations[np.ix_(group, group)], size, losses[group])] for group in groups]
    return BitOrder(np.array(chosen, dtype=np.uint16))


def split_prefix(codes: Codes, n_short: int = N_SHORT, *, n_groups: int = N_GROUPS, seed: int = 7) -> BitOrder:
    """Split the first bits, which were trained to be a short code, into sub-codes that are independent of each other.

    Parameters
    ----------
    codes, n_short, n_groups, seed
        As of `select_then_split`.

    Raises
    ------
    ValueError
        If the bits cannot be split into groups of whole bytes.
    """
    return BitOrder(partition(bit_correlations(codes)[:n_short, :n_short], n_groups, seed=seed).astype(np.uint16))
