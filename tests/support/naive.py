"""Oracles: slow and simple, in Python's integers and floats, without code of the package."""

import math
import struct


def philox4x32(counter, key):
    """Ten rounds of Philox4x32 on tuples of integers."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        product0, product1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (
            (product1 >> 32) ^ c1 ^ k0,
            product1 & 0xFFFFFFFF,
            (product0 >> 32) ^ c3 ^ k1,
            product0 & 0xFFFFFFFF,
        )
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def words(block, seed, stream, step):
    """Return the four words of a block."""
    return philox4x32((block & 0xFFFFFFFF, block >> 32, step, stream), (seed & 0xFFFFFFFF, seed >> 32))


def half(i, seed, stream, step):
    """Return the 16-bit number of element i."""
    four = words(i >> 3, seed, stream, step)
    halves = [h for word in four for h in (word & 0xFFFF, word >> 16)]
    return halves[i & 7]


def kept(i, p, seed, stream=0, step=0):
    """Return whether element i is kept."""
    threshold = round(p * 2**32)  # Python rounds ties to even
    if threshold in (0, 2**32):
        return threshold == 0
    high = half(i, seed, stream, step)
    if high != threshold >> 16:
        return high > threshold >> 16
    return half(i, seed, stream | 1 << 31, step) >= (threshold & 0xFFFF)


def uniform24(i, seed, stream, step=0):
    """Return element i of the uniform numbers of 24 bits, in (0, 1), before it is rounded to float32."""
    word = words(i >> 2, seed, stream, step)[i & 3]
    return ((word >> 8) + 0.5) / 2**24


def uniform53(i, seed, stream, step=0):
    """Return element i of the float64 uniform numbers, in (0, 1]."""
    four = words(i >> 1, seed, stream, step)
    low, high = four[2 * (i & 1) : 2 * (i & 1) + 2]
    return (((high << 32 | low) >> 11) + 0.5) / 2**53


def bits64(i, seed, stream, step=0):
    """Return element i of the 64-bit words."""
    four = words(i >> 1, seed, stream, step)
    low, high = four[2 * (i & 1) : 2 * (i & 1) + 2]
    return high << 32 | low


def normal(i, dtype, seed, stream, step=0):
    """Return element i of the standard normal numbers of a dtype, by the formula of Box and Muller."""
    uniform = uniform53 if dtype == "float64" else uniform24
    first, second = (uniform(i - (i & 1) + k, seed, stream, step) for k in (0, 1))
    if dtype != "float64":
        (first,) = struct.unpack("f", struct.pack("f", first))
    return math.sqrt(-2 * math.log(first)) * (math.sin if i & 1 else math.cos)(2 * math.pi * second)


def concrete_share(i, logit, dtype, seed, stream, step=0):
    """Return the share of element i that Concrete dropout keeps, with the temperature 1/10."""
    if dtype == "float64":
        u = ((bits64(i, seed, stream, step) >> 12) + 0.5) / 2**52
    else:
        u = ((words(i >> 2, seed, stream, step)[i & 3] >> 9) + 0.5) / 2**23
    return 1 / (1 + math.exp(min(10 * (logit - math.log(u / (1 - u))), 700)))


def softmax_cross_entropy(logits, labels):
    """Return each row's loss."""
    return [
        math.log(sum(math.exp(z - max(row)) for z in row)) - (row[label] - max(row))
        for row, label in zip(logits.tolist(), labels.tolist(), strict=True)
    ]


def binary_cross_entropy(logits, targets):
    """Return the mean loss of each row."""
    losses = []
    for row, labels in zip(logits.tolist(), targets.tolist(), strict=True):
        sides = [(1 / (1 + math.exp(-z)), 1 / (1 + math.exp(z))) for z in row]
        terms = [-t * math.log(one) - (1 - t) * math.log(zero) for (one, zero), t in zip(sides, labels, strict=True)]
        losses.append(sum(terms) / len(terms))
    return losses
