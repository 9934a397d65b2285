"""Every kernel, operation and network on arrays that end where memory ends, or begin where it begins.

Whatever reads or writes past an array's end, or before its beginning, or writes into what it should only read, ends the
process. Run by `probe.py`.
"""

import ctypes
import functools
import itertools
import mmap

import numpy as np
from fences import Fence
from kernel_cases import Cases, Out
from operations import OPERATIONS

import numba_dropout as nd
from numba_dropout.arrays.memory import HostMemory
from numba_dropout.kernels import cpu

SIZES = range(201)
ROOM = 1 << 21  # bytes of an array, at most
PLACES = ("last", "first", "within")
LIBC = ctypes.CDLL(None, use_errno=True)
READ, WRITE = 1, 2


class Guard(Fence):
    """Some memory between two pages that must not be touched, which can be made read-only."""

    def protect(self, rights):
        start = ctypes.addressof(ctypes.c_char.from_buffer(self.memory)) + mmap.PAGESIZE
        if LIBC.mprotect(ctypes.c_void_p(start), self.size, rights):
            raise OSError(ctypes.get_errno(), "mprotect")

    def bytes(self, size, place, shift):
        """Return so many bytes at a place; `within`, they begin `shift` bytes behind the first."""
        assert size + shift <= self.size
        begin = {"last": self.size - size, "first": 0, "within": shift}[place]
        return np.frombuffer(self.memory, np.uint8, size, mmap.PAGESIZE + begin)

    def array(self, content, place, shift=0):
        """Return a copy of an array at a place."""
        copy = self.bytes(content.nbytes, place, shift).view(content.dtype).reshape(content.shape)
        copy[...] = content
        return copy


class Guards(list):
    """As much guarded memory as a call has arrays."""

    def __init__(self):
        super().__init__(Guard(ROOM) for _ in range(16))

    def call(self, function, arrays, written):
        """Call a function with all of the memory read-only that holds none of the arrays that are written."""
        read = [guard for guard, writes in zip(self[: len(arrays)], written, strict=True) if not writes]
        for guard in read:
            guard.protect(READ)
        try:
            function()
        finally:
            for guard in read:
                guard.protect(READ | WRITE)


def check_kernel(guards, name, arguments, place, shift):
    """Call a kernel once on ordinary arrays and once on guarded ones, which gives the same."""
    contents = [value.content if isinstance(value, Out) else value for value in arguments]
    places = [number for number, value in enumerate(contents) if isinstance(value, np.ndarray)]
    written = [isinstance(arguments[number], Out) for number in places]
    plain, guarded = list(contents), list(contents)
    for number, guard in zip(places, guards, strict=False):
        content = contents[number]
        moved = -(-shift // content.itemsize) * content.itemsize  # kernels take aligned elements
        plain[number], guarded[number] = content.copy(), guard.array(content, place, moved)
    kernel = getattr(cpu, name)
    kernel(*plain)
    guards.call(lambda: kernel(*guarded), places, written)
    for number in places:
        assert plain[number].tobytes() == guarded[number].tobytes(), number


def check_kernels(say, names, sizes, dtypes, places=PLACES):
    """Check kernels; return the number of calls of each."""
    guards, counts = Guards(), dict.fromkeys(names, 0)
    for name, dtype in itertools.product(names, dtypes):
        rng = np.random.default_rng(0)
        for n in sizes:
            for arguments in Cases(n, dtype, rng).of(name):
                for place in places:
                    say(f"{name}, size {n}, {np.dtype(dtype)}, {place} in memory")
                    check_kernel(guards, name, arguments, place, n * 5 % 64)
                    counts[name] += 1
    return counts


# ---------------------------------------------------------------- operations, in all layouts


def straight(guard, content, place):
    return guard.array(content, place)


def backwards(guard, content, place):
    turn = (slice(None, None, -1),) * content.ndim
    return guard.array(np.ascontiguousarray(content[turn]), place)[turn]


def spread(guard, content, place):
    *others, last = content.shape
    wide = np.zeros((*others, 3 * last), content.dtype)
    some = ..., slice(2, None, 3) if place == "last" else slice(None, None, 3)
    wide[some] = content
    return guard.array(wide, place)[some]


def turned(guard, content, place):
    return guard.array(np.ascontiguousarray(content.T), place).T


def unaligned(guard, content, place):
    whole = guard.bytes(content.nbytes + 1, place, 0)
    array = (whole[1:] if place == "first" else whole[:-1]).view(content.dtype).reshape(content.shape)
    array[...] = content
    return array


LAYOUTS = (straight, backwards, spread, turned, unaligned)


def check_operations(say, names, sizes, dtypes):
    """Check operations with arrays of all layouts, for each size one for the operands and one for the results.

    Returns the number of calls of each.
    """
    guards, counts, rng = Guards(), dict.fromkeys(names, 0), np.random.default_rng(0)
    for name, dtype, n in itertools.product(names, dtypes, sizes):
        operation = OPERATIONS[name]
        given = [rng.standard_normal(shape).astype(dtype) for shape in operation.inputs(n)]
        results = [np.ones(shape, operation.dtype or dtype) for shape in operation.outputs(n)]
        operation.call(*given, out=results[0] if len(results) == 1 else tuple(results))
        for number, place in enumerate(("last", "first")):
            layouts = LAYOUTS[(n + number) % 5], LAYOUTS[(n // 5 + number) % 5]
            say(f"{name}, size {n}, {np.dtype(dtype)}, {place}, {layouts[0].__name__} to {layouts[1].__name__}")
            own = [*[(layouts[0], array) for array in given], *[(layouts[1], array) for array in results]]
            arrays = [layout(guard, array, place) for guard, (layout, array) in zip(guards, own, strict=False)]
            outs = arrays[len(given) :]
            for out in outs:
                out[...] = 0
            out = outs[0] if len(outs) == 1 else tuple(outs)
            call = functools.partial(operation.call, *arrays[: len(given)], out=out)
            guards.call(call, arrays, [False] * len(given) + [True] * len(outs))
            assert [array.tobytes() for array in outs] == [array.tobytes() for array in results]
            counts[name] += 1
    return counts


# ---------------------------------------------------------------- networks

NETWORKS = (
    {"variant": "dropout"},
    {"variant": "dropout", "loss": "mse"},
    {"variant": "gaussian", "loss": "bce"},
    {"variant": "subnetwork"},
    {"variant": "dropconnect", "loss": "mse"},
    {"variant": "concrete", "weight_regularizer": 1e-4, "dropout_regularizer": 1e-3},
)
RULES = (
    lambda: nd.SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01, max_norm=1.0),
    lambda: nd.Adam(lr=0.01, clip_norm=0.5),
)


def guarded_zeros(keep):
    """Return what gives a network its arrays: each at the end of guarded memory of its own."""

    def zeros(self, size, dtype):
        keep.append(Guard(size * np.dtype(dtype).itemsize or 1))
        return keep[-1].array(np.zeros(size, dtype), "last")

    return zeros


def check_networks(say, choices, sizes):
    """Train and ask networks all of whose arrays are guarded, on dense rows and on compressed ones.

    Returns the number of networks of each variant.
    """
    from scipy import sparse

    counts, rng, guards = (
        dict.fromkeys((choice["variant"] for choice in choices), 0),
        np.random.default_rng(0),
        Guards(),
    )
    own = HostMemory.zeros, HostMemory.empty
    for choice, n, compressed in itertools.product(choices, sizes, (False, True)):
        keep = []
        HostMemory.zeros = HostMemory.empty = guarded_zeros(keep)
        try:
            net = nd.MLP([n, n // 2 + 1, 5, 3], dropout=0.4, input_dropout=0.2, seed=n, **choice)
            say(f"{net}, {'compressed' if compressed else 'dense'}")
            x = np.where(rng.random((n % 7 + 2, n)) < 0.4, rng.standard_normal((n % 7 + 2, n)), 0).astype(np.float32)
            y = rng.integers(0, 3, len(x)) if net.loss == "cross_entropy" else rng.random((len(x), 3), np.float32)
            arrays = [x]
            if compressed:
                matrix = sparse.csr_array(x)
                arrays = [matrix.data, matrix.indices, matrix.indptr]
            arrays = [guard.array(array, "last") for guard, array in zip(guards, (*arrays, y), strict=False)]
            data = sparse.csr_array(tuple(arrays[:3]), shape=x.shape, copy=False) if compressed else arrays[0]
            rule = RULES[compressed]()

            def use(net=net, data=data, y=arrays[-1], rule=rule):
                net.train_step(data, y, rule)
                net.backward(np.ones_like(net.forward(data, training=True, row_offset=3)))
                net.predict(data), net.evaluate_loss(data, y), list(net.samples(data, 2))

            guards.call(use, arrays, [False] * len(arrays))
            counts[choice["variant"]] += 1
        finally:
            HostMemory.zeros, HostMemory.empty = own
    return counts
