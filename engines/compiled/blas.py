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
    blas: int, m: int, k: int, n: int, work: Array, a: int, a_flips: int, b: int, b_flips: int, c: int
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
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    @intrinsic  # type: ignore[untyped-decorator]
    def multiply(  # type: ignore[no-untyped-def]  # noqa: ANN202, PLR0913, PLR0917
        typing, blas, m, k, n, work, a, a_flips, b, b_flips, c
    ):
        integers = [blas, m, k, n], [a, a_flips, b, b_flips, c]
        signature = types.void(*([types.int64] * len(integers[0])), work, *([types.int64] * 5))

        def emit(context, builder, signature, given):  # type: ignore[no-untyped-def]  # noqa: ANN202
            blas, m, k, n, work, a, a_flips, b, b_flips, c = given
            memory = context.make_array(signature.args[4])(context, builder, work).data
            number = context.get_data_type(signature.args[4].dtype)
            small = ir.IntType(32)

            def by_pointer(value):  # type: ignore[no-untyped-def]  # noqa: ANN202
                place = cgutils.alloca_once(builder, value.type)
                builder.store(value, place)
                return place

            def integer(value):  # type: ignore[no-untyped-def]  # noqa: ANN202
                return by_pointer(builder.trunc(value, small))

            def how(flips):  # type: ignore[no-untyped-def]  # noqa: ANN202
                flag = builder.icmp_signed("!=", flips, flips.type(0))
                letter = ir.IntType(8)
                return by_pointer(builder.select(flag, letter(ord("T")), letter(ord("N")))), flag

            # The BLAS reads columns first, so it is asked for the transpose: bᵀ · aᵀ.
            (b_how, b_flag), (a_how, a_flag) = how(b_flips), how(a_flips)
            arguments = [
                b_how, a_how, integer(n), integer(m), integer(k),
                by_pointer(ir.Constant(number, 1.0)),
                builder.gep(memory, [b]), integer(builder.select(b_flag, k, n)),
                builder.gep(memory, [a]), integer(builder.select(a_flag, m, k)),
                by_pointer(ir.Constant(number, 0.0)),
                builder.gep(memory, [c]), integer(n),
            ]  # fmt: skip
            kind = ir.FunctionType(ir.VoidType(), [value.type for value in arguments])
            builder.call(builder.inttoptr(blas, kind.as_pointer()), arguments)
            return context.get_dummy_value()

        return signature, emit

    found: Callable[..., Any] = multiply
    return found
