"""How kernels over codes are compiled, and the two instructions that numba has no word for."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])


def inlined(function: Function) -> Function:
    """Let compiled code call a function; it is compiled into each of its callers."""
    return njit(function)


def compiled(function: Callable[..., Any], signature: Any, **options: Any) -> Callable[..., Any]:
    """Compile, keep the machine code for the next process if there is a place for it, and do without if not."""
    try:
        return njit(signature, cache=True, nogil=True, **options)(function)
    except Exception:  # no writable folder, a full disk, or a damaged cache, whose errors cannot be listed
        return njit(signature, nogil=True, **options)(function)


def read_only(item: Any, n_axes: int) -> Any:
    """Return the type of a C-contiguous array that is only read: it takes memory-mapped files."""
    return types.Array(item, n_axes, "C", readonly=True)


def _population_count(_: Any, word: Any) -> Any:
    def instruction(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), instruction


def _count_slowly(word: np.uint64) -> int:
    return int(np.bitwise_count(word))


popcount = _count_slowly if config.DISABLE_JIT else intrinsic(_population_count)
"""uint64 -> number of its bits that are 1, int64."""


def _fetch_ahead(_: Any, array: Any, index: Any) -> Any:
    def instruction(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        data = context.make_array(array)(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), cgutils.voidptr_t)
        number = ir.IntType(32)
        signature = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [cgutils.voidptr_t], signature)
        builder.call(fetch, [address, *(ir.Constant(number, value) for value in (0, 3, 1))])  # to read, and often
        return context.get_dummy_value()

    return types.void(array, types.int64), instruction


def _fetch_nothing(array: NDArray[Any], index: int) -> None:
    """Python has no caches to fill."""


prefetch = _fetch_nothing if config.DISABLE_JIT else intrinsic(_fetch_ahead)
"""C-contiguous array, index into it as if it were flat: that element will be read soon, and may lie past the end."""


@inlined
def signed(number: Any) -> Any:
    """Return a whole number as int64: numba makes floats of sums of signed and unsigned ones."""
    return np.int64(number)
