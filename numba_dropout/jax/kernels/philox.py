"""Philox4x32-10 in JAX's 32-bit operations, and the words of consecutive blocks of a stream."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

if hasattr(jax, "enable_x64"):
    from jax import enable_x64
else:  # before JAX 0.8
    from jax.experimental import enable_x64

__all__ = ["Position", "block_words", "computed_once", "philox4x32"]

# Multipliers and key increments (Salmon et al., SC 2011, section 4.3).
M0, M1 = 0xD2511F53, 0xCD9E8D57
W0, W1 = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)
TIE_STREAM = np.uint32(1 << 31)
MASK16, SHIFT16 = np.uint32(0xFFFF), np.uint32(16)


class Position(NamedTuple):
    """The first element of a range of a stream, as uint32 scalars: an input of compiled functions."""

    key_low: Any
    key_high: Any
    step: Any
    stream: Any
    block_low: Any  # the 64-bit number of the first block
    block_high: Any
    lane: Any  # the first element's number within its block


def _products(a: int, b: Any) -> tuple[Any, Any]:
    """Return the high and the low word of the product of two words.

    The 64-bit product is one widening multiplication on CPUs and GPUs. `lax.mulhi` is not supported in programs for
    several devices (JAX 0.10).
    """
    with enable_x64(True):
        product = lax.mul(lax.convert_element_type(b, np.uint64), lax.full_like(b, a, np.uint64))
        high = lax.shift_right_logical(product, lax.full_like(product, 32))
        return lax.convert_element_type(high, np.uint32), lax.convert_element_type(product, np.uint32)


def philox4x32(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> tuple[Any, Any, Any, Any]:
    """Return four words for counters of four words and a key of two. All are uint32 and broadcast.

    The rounds are unrolled: XLA compiles them to one vectorized loop. Words that are the same for all counters, such
    as the step, remain scalars through the first rounds.
    """
    for _ in range(10):
        high0, low0 = _products(M0, c0)
        high1, low1 = _products(M1, c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = k0 + W0, k1 + W1
    return c0, c1, c2, c3


def block_words(count: int, position: Position, carry: bool, *, tie: bool = False) -> tuple[Any, Any, Any, Any]:
    """Return the four words (count,) of consecutive blocks, or those of the stream that decides ties.

    `carry` is whether the low words of the blocks' numbers may wrap.
    """
    low = position.block_low + lax.iota(jnp.uint32, count)
    high = position.block_high
    if carry:
        high = high + (low < position.block_low).astype(jnp.uint32)
    stream = position.stream | TIE_STREAM if tie else position.stream
    return philox4x32(low, high, position.step, stream, position.key_low, position.key_high)


def computed_once(compute: Any, *operands: Any) -> Any:
    """Return compute(*operands) in a form that XLA does not fuse into the operations that read it.

    A fusion would generate each block again for each of its elements. XLA's CPU compiler fuses through
    `optimization_barrier`, but not through a conditional: this one's predicate is always true. It does not depend on
    the operands, as `vmap` would compute both branches otherwise. operands : uint32 scalars.
    """

    def conditional(*operands: Any) -> Any:
        def never(*operands: Any) -> Any:
            zero = sum(operands[1:], operands[0])  # varies as all operands together, which `shard_map` checks
            shapes = jax.eval_shape(compute, *operands)
            return jax.tree.map(lambda result: jnp.broadcast_to(zero.astype(result.dtype), result.shape), shapes)

        true = lax.optimization_barrier(np.bool_(True))  # not known to the compiler
        return lax.cond(true, compute, never, *operands)

    def barrier(*operands: Any) -> Any:
        return lax.optimization_barrier(compute(*operands))

    return lax.platform_dependent(*operands, cpu=conditional, default=barrier)
