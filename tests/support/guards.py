"""Every kernel, operation and network on arrays that end at the end of memory, or begin at its start.

An access past an array's end or before its start, or a write into an input, ends the process. `probe.py` runs the
checks.
"""

import ctypes
import functools
import itertools
import mmap

import numpy as np
from fences import Fence
from kernel_cases import KERNELS, Cases, Out
from operations import OPERATIONS
from updates import UPDATES

import numba_dropout as nd
from numba_dropout.arrays.memory import HostMemory

SIZES = range(201)
CAPACITY = 1 << 21  # bytes of an array, at most
POSITIONS = ("last", "first", "within")
LIBC = ctypes.CDLL(None, use_errno=True)
READ, WRITE = 1, 2


class Guard(Fence):
    """Memory between two protected pages, which can be made read-only."""

    def protect(self, rights):
        start = ctypes.addressof(ctypes.c_char.from_buffer(self.memory)) + mmap.PAGESIZE
        if LIBC.mprotect(ctypes.c_void_p(start), self.size, rights):
            raise OSError(ctypes.get_errno(), "mprotect")

    def bytes(self, size, position, shift):
        """Return `size` bytes at a position. With "within", they begin `shift` bytes behind the first."""
        assert size + shift <= self.size
        begin = {"last": self.size - size, "first": 0, "within": shift}[position]
        return np.frombuffer(self.memory, np.uint8, size, mmap.PAGESIZE + begin)

    def array(self, content, position, shift=0):
        """Return a copy of an array at a position."""
        copy = self.bytes(content.nbytes, position, shift).view(content.dtype).reshape(content.shape)
        copy[...] = content
        return copy


class Guards(list):
    """Guarded memory for each array of a call."""

    def __init__(self):
        super().__init__(Guard(CAPACITY) for _ in range(16))

    def call(self, function, arrays, written):
        """Call a function while all memory but that of its outputs is read-only."""
        read = [guard for guard, writes in zip(self[: len(arrays)], written, strict=True) if not writes]
        for guard in read:
            guard.protect(READ)
        try:
            function()
        finally:
            for guard in read:
                guard.protect(READ | WRITE)


def check_kernel(guards, name, arguments, position, shift):
    """Compare the results of a kernel on ordinary and on guarded arrays."""
    contents = [value.content if isinstance(value, Out) else value for value in arguments]
    indices = [number for number, value in enumerate(contents) if isinstance(value, np.ndarray)]
    written = [isinstance(arguments[number], Out) for number in indices]
    plain, guarded = list(contents), list(contents)
    for number, guard in zip(indices, guards, strict=False):
        content = contents[number]
        moved = -(-shift // content.itemsize) * content.itemsize  # kernels take aligned elements
        plain[number], guarded[number] = content.copy(), guard.array(content, position, moved)
    kernel = KERNELS[name]
    kernel(*plain)
    guards.call(lambda: kernel(*guarded), indices, written)
    for number in indices:
        assert plain[number].tobytes() == guarded[number].tobytes(), number


def check_kernels(report, names, sizes, dtypes, positions=POSITIONS):
    """Check kernels; return the number of calls of each."""
    guards, counts = Guards(), dict.fromkeys(names, 0)
    for name, dtype in itertools.product(names, dtypes):
        rng = np.random.default_rng(0)
        for n in sizes:
            for arguments in Cases(n, dtype, rng).of(name):
                for position in positions:
                    report(f"{name}, size {n}, {np.dtype(dtype)}, {position} in memory")
                    check_kernel(guards, name, arguments, position, n * 5 % 64)
                    counts[name] += 1
    return counts


# ---------------------------------------------------------------- operations, in all layouts


def contiguous(guard, content, position):
    return guard.array(content, position)


def reverse(guard, content, position):
    flip = (slice(None, None, -1),) * content.ndim
    return guard.array(np.ascontiguousarray(content[flip]), position)[flip]


def strided(guard, content, position):
    *others, last = content.shape
    wide = np.zeros((*others, 3 * last), content.dtype)
    elements = ..., slice(2, None, 3) if position == "last" else slice(None, None, 3)
    wide[elements] = content
    return guard.array(wide, position)[elements]


def transposed(guard, content, position):
    return guard.array(np.ascontiguousarray(content.T), position).T


def unaligned(guard, content, position):
    buffer = guard.bytes(content.nbytes + 1, position, 0)
    array = (buffer[1:] if position == "first" else buffer[:-1]).view(content.dtype).reshape(content.shape)
    array[...] = content
    return array


LAYOUTS = (contiguous, reverse, strided, transposed, unaligned)


def check_operations(report, names, sizes, dtypes):
    """Check operations with arrays of all layouts. Each size has one layout for operands and one for results.

    Returns the number of calls of each.
    """
    guards, counts, rng = Guards(), dict.fromkeys(names, 0), np.random.default_rng(0)
    for name, dtype, n in itertools.product(names, dtypes, sizes):
        operation = OPERATIONS[name]
        operands = [rng.standard_normal(shape).astype(dtype) for shape in operation.inputs(n)]
        results = [np.ones(shape, operation.dtype or dtype) for shape in operation.outputs(n)]
        operation.call(*operands, out=results[0] if len(results) == 1 else tuple(results))
        for number, position in enumerate(("last", "first")):
            layouts = LAYOUTS[(n + number) % 5], LAYOUTS[(n // 5 + number) % 5]
            report(f"{name}, size {n}, {np.dtype(dtype)}, {position}, {layouts[0].__name__} to {layouts[1].__name__}")
            arguments = [*[(layouts[0], array) for array in operands], *[(layouts[1], array) for array in results]]
            arrays = [layout(guard, array, position) for guard, (layout, array) in zip(guards, arguments, strict=False)]
            outs = arrays[len(operands) :]
            for out in outs:
                out[...] = 0
            out = outs[0] if len(outs) == 1 else tuple(outs)
            call = functools.partial(operation.call, *arrays[: len(operands)], out=out)
            guards.call(call, arrays, [False] * len(operands) + [True] * len(outs))
            assert [array.tobytes() for array in outs] == [array.tobytes() for array in results]
            counts[name] += 1
    return counts


# ---------------------------------------------------------------- networks

NETWORKS = (
    {"variant": "dropout"},
    {"variant": "dropout", "loss": "mse"},
    {"variant": "dropout", "activation": "gelu"},
    {"variant": "gaussian", "loss": "bce"},
    *({"variant": "dropout", "loss": loss} for loss in ("huber", "absolute", "poisson")),
    {"variant": "alpha", "activation": "selu"},
    {"variant": "subnetwork"},
    {"variant": "dropconnect", "loss": "mse"},
    {"variant": "concrete", "weight_regularizer": 1e-4, "dropout_regularizer": 1e-3},
)
RULES = [
    functools.partial(kind, lr=0.01, weight_decay=0.01, **limits)
    for limits in ({"max_norm": 1.0}, {"clip_norm": 0.5})  # without a clipped norm, products include the update
    for kind in UPDATES.values()
]


def guarded_zeros(keep):
    """Return an allocator of a network's arrays, each at the end of separate guarded memory."""

    def zeros(self, size, dtype):
        keep.append(Guard(size * np.dtype(dtype).itemsize or 1))
        return keep[-1].array(np.zeros(size, dtype), "last")

    return zeros


def check_networks(report, choices, sizes):
    """Train networks and predict with them, on dense and on compressed rows. All their arrays are guarded.

    Returns the number of networks of each variant.
    """
    from scipy import sparse

    counts, rng, guards = (
        dict.fromkeys((choice["variant"] for choice in choices), 0),
        np.random.default_rng(0),
        Guards(),
    )
    rules, originals = itertools.cycle(RULES), (HostMemory.zeros, HostMemory.empty)
    for choice, n, compressed in itertools.product(choices, sizes, (False, True)):
        keep = []
        HostMemory.zeros = HostMemory.empty = guarded_zeros(keep)
        try:
            net = nd.MLP([n, n // 2 + 1, 5, 3], dropout=0.4, input_dropout=0.2, seed=n, **choice)
            report(f"{net}, {'compressed' if compressed else 'dense'}")
            x = np.where(rng.random((n % 7 + 2, n)) < 0.4, rng.standard_normal((n % 7 + 2, n)), 0).astype(np.float32)
            y = rng.integers(0, 3, len(x)) if net.loss == "cross_entropy" else rng.random((len(x), 3), np.float32)
            arrays = [x]
            if compressed:
                matrix = sparse.csr_array(x)
                arrays = [matrix.data, matrix.indices, matrix.indptr]
            arrays = [guard.array(array, "last") for guard, array in zip(guards, (*arrays, y), strict=False)]
            data = sparse.csr_array(tuple(arrays[:3]), shape=x.shape, copy=False) if compressed else arrays[0]
            rule = next(rules)()

            def use(net=net, data=data, y=arrays[-1], rule=rule):
                net.train_step(data, y, rule)
                net.backward(np.ones_like(net.forward(data, training=True, row_offset=3)))
                net.predict(data), net.evaluate_loss(data, y), list(net.samples(data, 2))

            guards.call(use, arrays, [False] * len(arrays))
            counts[choice["variant"]] += 1
        finally:
            HostMemory.zeros, HostMemory.empty = originals
    return counts
