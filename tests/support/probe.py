"""Results of a process with other settings: `python tests/support/probe.py FILE PART ...` writes arrays to FILE, .npz.

The parts are the functions below, with arguments as in `small_stacks:64`. The inputs depend on nothing but the seeds
here, so that the calling process can make them again.
"""

import faulthandler
import re
import sys
import threading

import numba
import numpy as np
from exact import layer
from fences import check_all
from numba import njit

import numba_dropout as nd
from numba_dropout.kernels import cpu
from numba_dropout.kernels.simd import TILE_WIDTH, multiply_tiles, window
from numba_dropout.kernels.simd.scratch_memory import AREA

# n, p, and position: a large offset, with a carry between the words of the block's number; ties; a few elements
MASKS = [
    (2**17 + 3, 0.3, {"seed": 2**63 + 7, "stream": 9, "step": 2**32 - 1, "offset": 2**35 - 77}),
    (2**20, 0.5 + 2**-17, {"seed": 3}),
    (61, 0.9, {"seed": 1, "offset": 5}),
]
SHAPES = [(33, 300, 70), (130, 65, 257), (5, 700, 9), (3, 40, 90), (40, 40, 3), (300, 17, 33)]
DTYPES = ["float32", "float64"]
HALVES = ["float16", "bfloat16"]
POSITION = tuple(map(np.uint64, (5, 0, 1, 2, 3)))  # key, stream, step and offset


def masks():
    """Return masks, plain and packed, and dropout of ones."""
    for number, (n, p, where) in enumerate(MASKS):
        yield f"mask {number}", nd.sample_mask(n, p, **where)
        yield f"packed {number}", nd.sample_mask(n, p, packed=True, **where)
        for dtype in DTYPES:
            x = np.random.default_rng(number).standard_normal(n).astype(dtype)
            yield f"dropout {number} {dtype}", nd.dropout(x, p, **where)


def halves():
    """Return dropout, noise and ReLU of all numbers of float16 and of bfloat16, which is given by its bits."""
    for dtype in HALVES:
        x = half_numbers(dtype)
        bits = x.view(np.int16) if dtype == "float16" else x
        for name, (kernel, *arguments) in {
            "dropout": (cpu.dropout_forward, np.uint64(2**31), np.float32(2), *POSITION),
            "noise": (cpu.add_gaussian_noise, np.float32(0.5), *POSITION),
            "relu": (cpu.relu_forward,),
        }.items():
            out = np.zeros_like(bits)
            kernel(out, bits, *arguments)
            yield f"{name} {dtype}", out.view(x.dtype)


def half_numbers(dtype):
    """Return the numbers of all bits, as NumPy's float16 or as the bits of bfloat16."""
    x = np.arange(2**16).astype(np.uint16)
    return x.view(np.float16) if dtype == "float16" else x


def products():
    """Return the results of layers."""
    for shape in SHAPES:
        for dtype in DTYPES:
            x, w, b, dy = layer(np.random.default_rng(sum(shape)), *shape, dtype)
            y = nd.linear_relu_dropout(x, w, b, 0.3, seed=5, offset=7)
            yield f"linear {shape} {dtype}", nd.linear(x, w, b)
            yield f"hidden {shape} {dtype}", y
            for name, gradient in zip(("dx", "dw", "db"), nd.linear_backward(dy, x, w), strict=True):
                yield f"{name} {shape} {dtype}", gradient
            back = nd.linear_relu_dropout_backward(dy, y, x, w, 0.3)
            for name, gradient in zip(("dx", "dw", "db"), back, strict=True):
                yield f"hidden {name} {shape} {dtype}", gradient


def steps():
    """Return parameters and states after a step of a layer."""
    settings = [0.1, 0.9, 1, 0.01], [0.1, 0.9, 0.1, 0.99, 0.01, 1e-8, 0.01, 0.99, 0.1]
    for shape in SHAPES:
        for kernel, values, slots in zip((cpu.linear_sgd, cpu.linear_adam), settings, (1, 2), strict=True):
            x, w, b, dy = layer(np.random.default_rng(sum(shape)), *shape, "float32")
            state = np.zeros((slots, w.size + b.size), np.float32)
            for _ in range(2):
                arguments = np.empty_like(w), np.empty_like(b), state, np.array([0, w.size]), dy, x
                kernel(w, b, *arguments, np.array(values, np.float32))
            for name, value in (("weight", w), ("bias", b), ("state", state)):
                yield f"{kernel.__name__} {name} {shape}", value


def training():
    """Return losses and parameters after some steps, for batches of fewer and of more rows than a block's depth."""
    yield from _trained(nd.SGD, 32)


def more_training():
    for optimizer, batch in ((nd.SGD, 300), (nd.Adam, 32), (nd.Adam, 300)):
        yield from _trained(optimizer, batch)


def _trained(optimizer, batch):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((900, 70), dtype=np.float32)
    y = (x[:, :3] + x[:, 3:6]).argmax(1)
    net, rule = nd.MLP([70, 130, 45, 3], dropout=0.4, input_dropout=0.2, seed=4), optimizer(lr=0.01)
    losses = [net.train_step(x[i : i + batch], y[i : i + batch], rule) for i in range(0, 3 * batch, batch)]
    yield f"losses {optimizer.__name__} {batch}", np.array(losses)
    for name, value in net.state_dict().items():
        yield f"{name} {optimizer.__name__} {batch}", value


def fences():
    """Check all kernels in fenced memory. After a crash, the last printed line names the call."""
    check_all(lambda text: print(text, flush=True))
    return ()


def guarded(part, *arguments):
    """Return the number of successful calls of each name. After a crash, the last printed line names the call."""
    import guards

    counts = getattr(guards, part)(lambda text: print(text, flush=True), *arguments)
    yield "names", np.array(list(counts))
    yield "counts", np.array(list(counts.values()))


def guarded_kernels(dtype, sizes, *names):
    """Check kernels in guarded memory. `sizes` has the arguments of a range, separated by commas."""
    from kernel_cases import KERNELS

    return guarded("check_kernels", names or KERNELS, range(*map(int, sizes.split(","))), [dtype])


def guarded_operations(dtype):
    import guards

    return guarded("check_operations", guards.OPERATIONS, guards.SIZES, [dtype])


def guarded_networks():
    import guards

    return guarded("check_networks", guards.NETWORKS, [*range(1, 35), 64, 65, 127, 130, 200])


def past_the_end():
    """Read one element past an input's end, which ends the process."""
    import guards

    x = guards.Guard(4).array(np.ones(1, np.float32), "last")
    cpu.relu_forward(np.ones(2, np.float32), np.ones(2, np.float32))
    print("before", flush=True)
    cpu.relu_forward(np.ones(2, np.float32), np.lib.stride_tricks.as_strided(x, (2,), (4,)))
    return ()


def into_an_input():
    import guards

    memory, x = guards.Guards(), np.ones(1, np.float32)
    inp = memory[0].array(x, "first")
    cpu.relu_forward(x, x)
    print("before", flush=True)
    memory.call(lambda: cpu.relu_forward(inp, x), [inp], [False])
    return ()


def small_stacks(size, *names):
    """Return whether compiled kernels and a network have the same results in a thread with a stack of `size` KiB."""
    from kernel_cases import KERNELS, Cases, Out

    calls = [
        (name, [value.content.copy() if isinstance(value, Out) else value for value in arguments])
        for name in names or KERNELS
        for n in (13, 130)
        for arguments in Cases(n, np.float32, np.random.default_rng(n)).of(name)
    ]
    x, y = np.random.default_rng(1).random((300, 70), np.float32), np.arange(300) % 3

    def call_all():
        for name, arguments in calls:
            print(name, flush=True)
            copies = [value.copy() if isinstance(value, np.ndarray) else value for value in arguments]
            KERNELS[name](*copies)
            yield from (value for value in copies if isinstance(value, np.ndarray))
        for rule in (nd.SGD(lr=0.01),) if names else (nd.SGD(lr=0.01), nd.Adam(lr=0.01)):
            net = nd.MLP([70, 130, 3], input_dropout=0.2, seed=1)
            yield np.array([net.train_step(x, y, rule), net.train_step(x[:32], y[:32], rule)])
            yield net.predict_proba(x)
            yield from net.weights().values()
        yield nd.linear_backward(x[:, :5], x, np.ones((5, 70), np.float32))[1]

    expected, actual = list(call_all()), []
    threading.stack_size(int(size) * 1024)
    thread = threading.Thread(target=lambda: actual.extend(call_all()))
    thread.start()
    thread.join()
    yield "same", np.array([a.tobytes() == b.tobytes() for a, b in zip(expected, actual, strict=True)])


def no_memory():
    """Let a thread allocate its scratch area when no memory of that size is left."""
    import ctypes
    import resource

    x, out = np.ones((64, 70), np.float32), np.empty((64, 64), np.float32)
    libc, pointer = ctypes.CDLL(None), ctypes.c_void_p()

    def ask():
        while not libc.posix_memalign(ctypes.byref(pointer), 64, AREA):
            pass
        nd.linear(x, x, out=out)

    numba.set_num_threads(1)
    nd.linear(x, x, out=out)
    thread = threading.Thread(target=ask)
    resource.setrlimit(resource.RLIMIT_AS, (1 << 33, 1 << 33))
    thread.start()
    thread.join()
    return ()


def stack_frames():
    """Return the total bytes of stack of some kernels' functions, from x86's instructions."""
    from kernel_cases import Cases, Out

    for dtype in DTYPES:
        for name in FRAMED:
            arguments = Cases(9, dtype, np.random.default_rng(0)).of(name)[0]
            getattr(cpu, name)(*(value.content if isinstance(value, Out) else value for value in arguments))
    for name in FRAMED:
        for code in getattr(cpu, name).inspect_asm().values():
            sizes = re.findall(r"subq\s+\$(\d+), %rsp|addq\s+\$-(\d+), %rsp", code)
            yield name, np.array([sum(int(a or b) for a, b in sizes)])


FRAMED = (
    "linear_adam",
    "linear_backward",
    "linear_relu_dropout_forward",
    "gaussian_dropout_forward",
    "subnetwork_adam",
)


def registers():
    """Return the kinds of vector registers in the code of some kernels."""
    for kernel in (cpu.sample_mask, cpu.dropout_forward, cpu.linear_forward, cpu.linear_backward):
        code = "".join(kernel.inspect_asm().values())
        yield f"registers {kernel.__name__}", np.array([name in code for name in ("xmm", "ymm", "zmm")])


def tiles():
    """Return the number of multiplying loops in the tiles' code, and of their lines that move a vector to the stack."""
    for dtype in DTYPES:
        for layout in ("C", "F"):
            left = np.ones((8, 9), dtype, order=layout)

            @njit
            def multiply(out, left, packed):
                side = left if layout == "F" else window(left, 0, 8, 0, 9)  # noqa: B023 - compiled in this iteration
                multiply_tiles(window(out, 0, 8, 0, 2), side, packed, True)

            multiply(np.ones((8, 2), dtype), left, np.ones((1, 9, TILE_WIDTH // left.itemsize), dtype))
            loops = [
                loop
                for loop in inner_loops("".join(multiply.inspect_asm().values()))
                if "mul" in loop or "fmadd" in loop
            ]
            spilled = [
                line for loop in loops for line in loop.splitlines() if re.search(r"[xyz]mm.*%rsp|%rsp.*[xyz]mm", line)
            ]
            yield f"tiles {layout} {dtype}", np.array([len(loops), len(spilled)])


def inner_loops(code):
    """Return the text of the innermost loops: from a label to the jump back to it, without other labels."""
    matches = re.findall(r"^(\.LBB\w+):\n((?:(?!\.L).*\n)*?\s+j\w+\s+\1)$", code, flags=re.MULTILINE)
    return [loop for _, loop in matches]


PARTS = {
    part.__name__: part
    for part in (
        *(masks, halves, products, steps, training, more_training, fences, registers, tiles),
        *(guarded_kernels, guarded_operations, guarded_networks, past_the_end, into_an_input),
        *(small_stacks, no_memory, stack_frames),
    )
}


def computed(text):
    """Return the results of a part. The text has its name and its arguments, separated by colons."""
    name, *arguments = text.split(":")
    return PARTS[name](*arguments)


if __name__ == "__main__":
    faulthandler.enable()
    np.savez(sys.argv[1], **{name: value for part in sys.argv[2:] for name, value in computed(part)})
