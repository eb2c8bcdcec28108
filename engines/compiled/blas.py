"""Matrix products by the BLAS from machine code: one call, on places in one memory.

`np.dot` would do the same, but its checks and conversions take Numba longer to compile than all
the rest of a step. No loop is here.

Source: the interface of DGEMM and SGEMM, https://netlib.org/blas; SciPy's pointers to them,
https://docs.scipy.org/doc/scipy/reference/linalg.cython_blas.html.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_NAMES = {"float64": "dgemm", "float32": "sgemm"}


@cache
def address_of(dtype: str) -> int:
    """Return the address of the BLAS's product for a dtype.

    It is an argument of machine code and no part of it, since it differs from process to process.
    """
    from numba.extending import get_cython_function_address

    found: int = get_cython_function_address("scipy.linalg.cython_blas", _NAMES[dtype])
    return found


def interpreted(  # noqa: PLR0913, PLR0917 (the BLAS has as many)
    blas: int,
    m: int,
    k: int,
    n: int,
    work: Array,
    a: int,
    a_flips: int,
    b: int,
    b_flips: int,
    c: int,
) -> None:
    """Write a · b, (m, k) and (k, n), to c; all begin at places in `work`.

    Where `flips` is 1, the transpose is what lies there, row by row.
    """
    left = work[a : a + m * k].reshape((k, m)).T if a_flips else work[a : a + m * k].reshape((m, k))
    right = work[b : b + k * n]
    right = right.reshape((n, k)).T if b_flips else right.reshape((k, n))
    np.matmul(left, right, out=work[c : c + m * n].reshape((m, n)))


@cache
def compiled() -> Callable[..., Any]:
    """Return the same for machine code: `multiply` as Numba calls it."""
    from llvmlite import ir  # type: ignore[import-untyped]
    from numba import types
    from numba.core import cgutils as untyped
    from numba.extending import intrinsic

    cgutils: Any = untyped

    @intrinsic
    def multiply(  # noqa: PLR0913, PLR0917
        typing: Any,
        blas: Any,
        m: Any,
        k: Any,
        n: Any,
        work: Any,
        a: Any,
        a_flips: Any,
        b: Any,
        b_flips: Any,
        c: Any,
    ) -> Any:
        integers = [types.int64] * 4
        return types.void(*integers, work, *integers, types.int64), emit

    def emit(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        blas, m, k, n, work, a, a_flips, b, b_flips, c = given
        kind = signature.args[4]
        memory = context.make_array(kind)(context, builder, work).data
        number, letter = context.get_data_type(kind.dtype), ir.IntType(8)

        def pointer_to(value: Any) -> Any:
            place = cgutils.alloca_once(builder, value.type)
            builder.store(value, place)
            return place

        def integer(value: Any) -> Any:
            return pointer_to(builder.trunc(value, ir.IntType(32)))

        def factor(place: Any, flips: Any, n_rows: Any, n_columns: Any) -> tuple[Any, Any, Any]:
            """Return pointers to how a factor lies, to its elements and to a row's length."""
            is_flipped = builder.icmp_signed("!=", flips, flips.type(0))
            how = builder.select(is_flipped, letter(ord("T")), letter(ord("N")))
            length = builder.select(is_flipped, n_rows, n_columns)
            return pointer_to(how), builder.gep(memory, [place]), integer(length)

        # The BLAS counts along columns, so it is asked for the transpose: bᵀ · aᵀ.
        b_how, b_first, b_length = factor(b, b_flips, k, n)
        a_how, a_first, a_length = factor(a, a_flips, m, k)
        one, zero = (pointer_to(ir.Constant(number, scale)) for scale in (1.0, 0.0))
        sizes = [integer(size) for size in (n, m, k)]
        factors = [one, b_first, b_length, a_first, a_length]
        arguments = [b_how, a_how, *sizes, *factors, zero, builder.gep(memory, [c]), sizes[0]]
        dgemm = ir.FunctionType(ir.VoidType(), [value.type for value in arguments])
        builder.call(builder.inttoptr(blas, dgemm.as_pointer()), arguments)
        return context.get_dummy_value()

    found: Callable[..., Any] = multiply
    return found
