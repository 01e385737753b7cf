"""Compiled code that compares a query with the codes of a segment: those in lists, some rows, or all of them.

The keys of the best codes (see `code_search`) form a heap whose root is the worst of them. `reach` is the largest
distance that still could enter.

`radii` says, for each table, up to which distance of the sub-codes its lists have been read; -1 where none has. A code
within the radius of a table has been seen there, and is not counted again.
"""

import numpy as np
from numba import types
from numpy.typing import NDArray

from lookalike.index.code_compiled import compiled, inlined, popcount, prefetch, read_only, signed
from lookalike.index.code_search import N_SUB, ROW_BITS
from lookalike.index.code_segment import N_VALUES, Words

_BATCH = 512
"""Candidates that are gathered, and their first words fetched, before they are compared."""

_AHEAD = 8
"""Lists and codes that are fetched before they are needed."""

_BLOCK = 64
"""Rows that are left out together."""

_STRIP = 4096
"""Codes of a scan that are looked at in one manner."""

_PLAIN_STRIPS = 31
"""Strips of which all words are compared at once after one in which few blocks could be left out."""

_SELECTIVE = 28
"""Distance up to which the first word alone turns away most codes: half its bits differ in a random one."""

_SPECULATION = 0.2
"""Share of the cost of a scan that may be spent in lists before it is known whether they lead anywhere."""

MASKS = np.argsort(np.bitwise_count(np.arange(N_VALUES, dtype=np.uint16)), kind="stable").astype(np.uint16)
"""All differences of two sub-codes, by their number of bits."""

SHELLS = np.concatenate([[0], np.cumsum(np.bincount(np.bitwise_count(MASKS)))]).astype(np.int64)
"""Masks of r bits are ``MASKS[SHELLS[r] : SHELLS[r + 1]]``."""


@inlined
def _reach(keys: NDArray[np.int64]) -> int:
    return (keys[0] - 1) >> ROW_BITS


@inlined
def _enter(keys: NDArray[np.int64], key: int) -> None:
    """Replace the worst of the best."""
    at, n = 0, len(keys)
    while 2 * at + 1 < n:
        child = 2 * at + 1
        if child + 1 < n and keys[child + 1] > keys[child]:
            child += 1
        if keys[child] <= key:
            break
        keys[at] = keys[child]
        at = child
    keys[at] = key


@inlined
def _is_seen(row: int, planes: Words, query: NDArray[np.uint64], radii: NDArray[np.int64]) -> bool:
    for table in range(len(radii)):
        difference = (planes[table // 4, row] ^ query[table // 4]) >> np.uint64(N_SUB * (table % 4))
        if popcount(difference & np.uint64(N_VALUES - 1)) <= radii[table]:
            return True
    return False


@inlined
def _offer(
    row: int, planes: Words, query: NDArray[np.uint64], first: int, radii: NDArray[np.int64], keys: NDArray[np.int64]
) -> None:
    """Let one code be among the best if it is near enough and has not been seen before."""
    distance = popcount(planes[0, row] ^ query[0]) + popcount(planes[1, row] ^ query[1])
    distance += popcount(planes[2, row] ^ query[2]) + popcount(planes[3, row] ^ query[3])
    key = (distance << ROW_BITS) | (first + row)
    if key < keys[0] and not _is_seen(row, planes, query, radii):
        _enter(keys, key)


@inlined
def _offer_batch(
    batch: NDArray[np.int64],
    n: int,
    near: NDArray[np.int64],
    planes: Words,
    query: NDArray[np.uint64],
    first: int,
    allowed: NDArray[np.bool_],
    radii: NDArray[np.int64],
    keys: NDArray[np.int64],
) -> None:
    """Compare the first words of candidates, and all words of those that are near enough in the first."""
    n_near, reach = 0, _reach(keys)
    for i in range(n):
        near[n_near] = batch[i]
        n_near += popcount(planes[0, batch[i]] ^ query[0]) <= reach
    for i in range(n_near):
        ahead = near[min(i + _AHEAD, n_near - 1)]
        for plane in range(1, 4):
            prefetch(planes, plane * planes.shape[1] + ahead)
        if len(allowed) == 0 or allowed[near[i]]:
            _offer(near[i], planes, query, first, radii, keys)


@inlined
def _sub_code(query: NDArray[np.uint64], table: int) -> int:
    return signed((query[table // 4] >> np.uint64(N_SUB * (table % 4))) & np.uint64(N_VALUES - 1))


@inlined
def _shell_size(
    table: int,
    radius: int,
    query: NDArray[np.uint64],
    starts: NDArray[np.uint32],
    masks: NDArray[np.uint16],
    shells: NDArray[np.int64],
) -> int:
    """Return how many codes are in the lists of one table whose sub-codes differ in `radius` bits."""
    value, size = _sub_code(query, table), 0
    for i in range(shells[radius], shells[radius + 1]):
        near = value ^ signed(masks[i])
        size += signed(starts[table, near + 1]) - signed(starts[table, near])
    return size


@inlined
def _fill_costs(
    shell_costs: NDArray[np.float64],
    sizes: NDArray[np.int64],
    radii: NDArray[np.int64],
    most_radius: int,
    reach: int,
    shells: NDArray[np.int64],
    costs: NDArray[np.float64],
) -> None:
    """Fill what it costs to read the next shell of each table; infinity where there is none."""
    code_cost = costs[1] if reach <= _SELECTIVE else costs[2]
    for table in range(len(radii)):
        shell_costs[table] = np.inf
        if radii[table] < most_radius:
            n_lists = shells[radii[table] + 2] - shells[radii[table] + 1]
            shell_costs[table] = costs[0] * n_lists + code_cost * sizes[table]


@inlined
def _read_shell(
    table: int,
    radius: int,
    batch: NDArray[np.int64],
    near_rows: NDArray[np.int64],
    planes: Words,
    starts: NDArray[np.uint32],
    ids: NDArray[np.uint8],
    query: NDArray[np.uint64],
    first: int,
    allowed: NDArray[np.bool_],
    radii: NDArray[np.int64],
    masks: NDArray[np.uint16],
    shells: NDArray[np.int64],
    keys: NDArray[np.int64],
) -> int:
    """Compare all codes in the lists of one table whose sub-codes differ in `radius` bits; return how many."""
    value, n, n_seen = _sub_code(query, table), 0, 0
    for i in range(shells[radius], shells[radius + 1]):
        ahead = value ^ signed(masks[min(i + _AHEAD, shells[radius + 1] - 1)])
        first_id = 3 * (table * ids.shape[1] + signed(starts[table, ahead]))
        prefetch(ids, first_id)
        prefetch(ids, first_id + 64)
        near = value ^ signed(masks[i])
        at, end = signed(starts[table, near]), signed(starts[table, near + 1])
        n_seen += end - at
        while at < end:
            part = min(end - at, len(batch) - n)
            for j in range(part):
                low, middle, high = ids[table, at + j, 0], ids[table, at + j, 1], ids[table, at + j, 2]
                row = signed(low) | signed(middle) << 8 | signed(high) << 16
                batch[n + j] = row
                prefetch(planes, row)
            at += part
            n += part
            if n == len(batch):
                _offer_batch(batch, n, near_rows, planes, query, first, allowed, radii, keys)
                n = 0
    _offer_batch(batch, n, near_rows, planes, query, first, allowed, radii, keys)
    return n_seen


@inlined
def _miss_chance(distance: int, radii: NDArray[np.int64], beyond: NDArray[np.float64]) -> float:
    """Return how likely it is that a code at a distance is in none of the lists that have been read."""
    chance = 1.0
    for table in range(len(radii)):
        chance *= beyond[radii[table] + 1, distance]
    return chance


@inlined
def _share_missed(keys: NDArray[np.int64], radii: NDArray[np.int64], beyond: NDArray[np.float64]) -> float:
    """Return how many codes as near as the best are expected not to have been seen, per code that has been."""
    total = 0.0
    for key in keys:
        chance = _miss_chance(key >> ROW_BITS, radii, beyond)
        total += chance / max(1 - chance, 1e-9)
    return total / len(keys)


@inlined
def _cost_to_end(
    shell_costs: NDArray[np.float64],
    radii: NDArray[np.int64],
    reach: int,
    tolerable: float,
    beyond: NDArray[np.float64],
    most: float,
) -> float:
    """Return what it costs to read lists until nothing within reach is missed, or `most` if it is more than that.

    Shells that nobody has looked at are expected to grow as their number of lists does.
    """
    costs, grown, total = shell_costs.copy(), radii.copy(), 0.0
    while total < most and grown.sum() + len(grown) - 1 < reach:
        if _miss_chance(reach, grown, beyond) <= tolerable:
            break
        table = costs.argmin()
        total += costs[table]
        grown[table] += 1
        costs[table] *= (N_SUB - grown[table]) / (grown[table] + 1)
        if grown[table] == N_SUB:
            costs[table] = np.inf
    return min(total, most)


def _probe(
    planes: Words,
    starts: NDArray[np.uint32],
    ids: NDArray[np.uint8],
    first: int,
    query: NDArray[np.uint64],
    allowed: NDArray[np.bool_],
    most_radius: int,
    tolerable: float,
    scan_cost: NDArray[np.float64],
    beyond: NDArray[np.float64],
    masks: NDArray[np.uint16],
    shells: NDArray[np.int64],
    costs: NDArray[np.float64],
    radii: NDArray[np.int64],
    keys: NDArray[np.int64],
) -> tuple[bool, int]:
    """Read lists, always those of the table that costs least, until nothing better is to be expected.

    Return whether it is cheaper to look at all codes instead of more lists, and how many have been looked at.
    """
    batch, near_rows = np.empty(_BATCH, dtype=np.int64), np.empty(_BATCH, dtype=np.int64)
    shell_costs, sizes = np.empty(len(radii)), np.empty(len(radii), dtype=np.int64)
    for table in range(len(radii)):
        sizes[table] = _shell_size(table, 0, query, starts, masks, shells)
    spent, n_seen = 0.0, 0
    while True:
        reach = _reach(keys)
        if reach < radii.sum() + len(radii) or radii.min() == most_radius:
            return False, n_seen
        if tolerable >= 0 and _share_missed(keys, radii, beyond) <= tolerable:
            return False, n_seen
        _fill_costs(shell_costs, sizes, radii, most_radius, reach, shells, costs)
        table = int(shell_costs.argmin())
        spent += shell_costs[table]
        most = scan_cost[reach]
        if spent > _SPECULATION * most and _cost_to_end(shell_costs, radii, reach, tolerable, beyond, most) >= most:
            return True, n_seen
        radius = radii[table] + 1
        n_seen += _read_shell(
            table, radius, batch, near_rows, planes, starts, ids, query, first, allowed, radii, masks, shells, keys
        )
        radii[table] = radius
        if radius < most_radius:
            sizes[table] = _shell_size(table, radius + 1, query, starts, masks, shells)


@inlined
def _offer_block(
    start: int,
    distances: NDArray[np.int64],
    first: int,
    planes: Words,
    query: NDArray[np.uint64],
    allowed: NDArray[np.bool_],
    radii: NDArray[np.int64],
    keys: NDArray[np.int64],
) -> None:
    for i in range(len(distances)):
        row = start + i
        if (distances[i] << ROW_BITS) | (first + row) < keys[0] and (len(allowed) == 0 or allowed[row]):
            _offer(row, planes, query, first, radii, keys)


@inlined
def _all_words(start: int, distances: NDArray[np.int64], planes: Words, query: NDArray[np.uint64]) -> int:
    """Fill the distances of a block; return the least."""
    least, stop = 4 * 64, start + len(distances)
    word0, word1, word2, word3 = query[0], query[1], query[2], query[3]
    plane0, plane1, plane2, plane3 = (
        planes[0, start:stop],
        planes[1, start:stop],
        planes[2, start:stop],
        planes[3, start:stop],
    )
    for i in range(len(distances)):
        distance = popcount(plane0[i] ^ word0) + popcount(plane1[i] ^ word1)
        distance += popcount(plane2[i] ^ word2) + popcount(plane3[i] ^ word3)
        distances[i] = distance
        least = min(least, distance)
    return least


@inlined
def _one_word(plane: NDArray[np.uint64], word: np.uint64, distances: NDArray[np.int64]) -> int:
    """Add one word's part to the distances of a block; return the least."""
    least = 4 * 64
    for i in range(len(distances)):
        distance = distances[i] + popcount(plane[i] ^ word)
        distances[i] = distance
        least = min(least, distance)
    return least


def _scan(
    planes: Words,
    first: int,
    query: NDArray[np.uint64],
    allowed: NDArray[np.bool_],
    radii: NDArray[np.int64],
    keys: NDArray[np.int64],
) -> None:
    """Compare all codes, block by block: later words only where the first leave a chance, unless they always do."""
    n = planes.shape[1]
    block = np.empty(_BLOCK, dtype=np.int64)
    n_left_out, n_plain = 0, 0
    for start in range(0, n, _BLOCK):
        if start % _STRIP == 0 and start > 0:
            is_futile = n_plain == 0 and 4 * _BLOCK * n_left_out < _STRIP
            n_plain = _PLAIN_STRIPS if is_futile else max(n_plain - 1, 0)
            n_left_out = 0
        distances = block[: min(_BLOCK, n - start)]
        reach = _reach(keys)
        if n_plain > 0:
            least = _all_words(start, distances, planes, query)
        else:
            distances[:] = 0
            least = 0
            for plane in range(4):
                least = _one_word(planes[plane, start : start + len(distances)], query[plane], distances)
                if least > reach:
                    n_left_out += plane < 2
                    break
        if least <= reach:
            _offer_block(start, distances, first, planes, query, allowed, radii, keys)


def _compare(
    planes: Words,
    rows: NDArray[np.int64],
    first: int,
    query: NDArray[np.uint64],
    radii: NDArray[np.int64],
    keys: NDArray[np.int64],
) -> None:
    """Compare some rows."""
    allowed = np.empty(0, dtype=np.bool_)
    near_rows = np.empty(_BATCH, dtype=np.int64)
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        _offer_batch(batch, len(batch), near_rows, planes, query, first, allowed, radii, keys)


def _scan_tail(
    codes: Words,
    first: int,
    query: NDArray[np.uint64],
    allowed: NDArray[np.bool_],
    parts: Words,
    radius: int,
    keys: NDArray[np.int64],
) -> int:
    """Compare codes that are in no table, of which those count that are within the radius in one of the parts."""
    n_seen = 0
    for row in range(len(codes)):
        is_near = len(parts) == 0
        for part in range(len(parts)):
            distance = 0
            for word in range(4):
                distance += popcount((codes[row, word] ^ query[word]) & parts[part, word])
            is_near = is_near or distance <= radius
        n_seen += is_near
        if is_near and (len(allowed) == 0 or allowed[row]):
            distance = 0
            for word in range(4):
                distance += popcount(codes[row, word] ^ query[word])
            key = (distance << ROW_BITS) | (first + row)
            if key < keys[0]:
                _enter(keys, key)
    return n_seen


def _list_allowed(allowed: NDArray[np.bool_], rows: NDArray[np.int64]) -> None:
    """Fill the rows that are allowed, and a last place with anything; parts that hold none are passed by."""
    n = 0
    for start in range(0, len(allowed), _BLOCK):
        part = allowed[start : start + _BLOCK]
        is_any = False
        for i in range(len(part)):
            is_any |= part[i]
        if is_any:
            for i in range(len(part)):
                rows[n] = start + i
                n += part[i]


_words = read_only(types.uint64, 1)
_planes = read_only(types.uint64, 2)
_allowed = read_only(types.boolean, 1)
_integers = types.int64[::1]

probe = compiled(
    _probe,
    types.Tuple((types.boolean, types.int64))(
        _planes,
        read_only(types.uint32, 2),
        read_only(types.uint8, 3),
        types.int64,
        _words,
        _allowed,
        types.int64,
        types.float64,
        read_only(types.float64, 1),
        read_only(types.float64, 2),
        read_only(types.uint16, 1),
        read_only(types.int64, 1),
        read_only(types.float64, 1),
        _integers,
        _integers,
    ),
)
scan = compiled(_scan, types.void(_planes, types.int64, _words, _allowed, _integers, _integers))
compare = compiled(_compare, types.void(_planes, read_only(types.int64, 1), types.int64, _words, _integers, _integers))
scan_tail = compiled(_scan_tail, types.int64(_planes, types.int64, _words, _allowed, _planes, types.int64, _integers))
list_allowed = compiled(_list_allowed, types.void(_allowed, _integers))
