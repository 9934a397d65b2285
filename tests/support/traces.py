"""Traces: masks, data and first weights in plain Python, and parts of a trace by title."""

import itertools

import naive
import numpy as np

INITIALISATION, SHUFFLING, SYNTHETIC = 1 << 24, 2 << 24, 6 << 24


def mask(shape, p, *, site, step, first=0):
    """Return a mask, element by element."""
    size = int(np.prod(shape))
    kept = [naive.kept(first + i, p, 0, site, step) for i in range(size)]
    return np.array(kept).reshape(shape)


def uniform(shape, low, high, stream):
    """Return uniform numbers of seed 0."""
    values = [naive.uniform53(i, 0, stream) for i in range(int(np.prod(shape)))]
    return low + (high - low) * np.array(values).reshape(shape)


def first_weights(sizes):
    """Return the initial weights and biases of a network of seed 0."""
    return [
        [uniform((units, inputs), -np.sqrt(6 / inputs), np.sqrt(6 / inputs), INITIALISATION | layer), np.zeros(units)]
        for layer, (inputs, units) in enumerate(itertools.pairwise(sizes))
    ]


def softmax(out):
    powers = np.exp(out - out.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def section(traced, title):
    """Return the section of a trace whose title has this start."""
    (match,) = [part for part in traced.sections if part.title.startswith(title)]
    return match


def table(traced, title):
    """Return the rows of the table in a section."""
    (match,) = [block for block in section(traced, title).blocks if hasattr(block, "rows")]
    return match.rows
