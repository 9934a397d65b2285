"""Calls of every kernel, by a size: arguments of all kinds of shapes, small ones and those of several parts."""

import numpy as np
from updates import UPDATES

from numba_dropout.kernels import cpu
from numba_dropout.kernels.scalar.activations import ACTIVATIONS
from numba_dropout.kernels.scalar.constants import SUMS
from numba_dropout.nn.losses import VALUE_LOSSES

# All kernels by name. One function returns those of hidden layers, by their activation.
KERNELS = {name: getattr(cpu, name) for name in cpu.__all__ if name != "linear_dropout"} | {
    f"linear_dropout.{activation}": cpu.linear_dropout(activation) for activation in ACTIVATIONS
}
ALL = np.uint64(2**32)
HALF = np.uint64(2**31)
WORDS = tuple(np.uint64(number) for number in (1, 2, 3, 4))  # seed 2**33 + 1, stream 3, step 4
SETTINGS = {
    "sgd": ([0.1, 0, 0, 0], [0.1, 0.9, 0, 0.01], [0.1, 0.9, 1, 0.01]),
    "adam": (
        [0.1, 0.9, 0.1, 0.99, 0.01, 1e-8, 0, 1, 0.1],
        [0.1, 0.9, 0.1, 0.99, 0.01, 1e-8, 0.01, 1, 0.1],
        [0.1, 0.9, 0.1, 0.99, 0.01, 1e-8, 0, 0.99, 0.1],
    ),
}


class Out:
    """An array that a kernel writes. A kernel only reads all other arrays."""

    def __init__(self, content):
        self.content = content


class Cases:
    """The arguments of a kernel's calls, by its name. Kernels with the same arguments share a method."""

    def __init__(self, n, dtype, rng):
        self.n, self.dtype, self.rng = n, np.dtype(dtype), rng
        self.offset = np.uint64(int(rng.integers(0, 2**40)) * 8 + n % 8)
        self.where = *WORDS, self.offset

    def of(self, name):
        """Return the tuples of arguments."""
        return list(METHODS[name](self, *([name] if METHODS[name] in NAMED else [])))

    # ------------------------------------------------------------ arrays

    def numbers(self, *shape):
        return self.rng.standard_normal(shape).astype(self.dtype)

    def out(self, *shape, dtype=None):
        return Out(np.ones(shape, dtype or self.dtype))

    def mask(self, n):
        return self.rng.random(n) < 0.5

    def one(self, value):
        return self.dtype.type(value)

    def listed(self, count, of):
        """Return a list of units in the format of sub-networks."""
        return np.append(count, np.sort(self.rng.permutation(of)[:count])).astype(np.int64)

    def sums(self):
        return self.out(SUMS, dtype=np.float64)

    def runs(self, columns):
        return -(-self.n // columns)

    def layers(self):
        """Yield rows, inputs and units of layers, with the size at each position."""
        n = self.n
        yield from ((n, 5, 9), (7, n, 9), (6, 3, n), (3, n, 2))
        if n % 29 == 13:
            yield from ((70, 2 * n, 201), (2, 70, n), (300, n, 35), (n, 300, 65))

    # ------------------------------------------------------------ elements

    def noise(self):
        yield self.out(self.n), self.numbers(self.n), self.one(0.5), *self.where

    def affine(self):
        yield self.out(self.n), self.numbers(self.n), *map(self.one, (2, 0.5, -1)), HALF, *self.where

    def dropout(self):
        yield self.out(self.n), self.numbers(self.n), HALF, self.one(2), *self.where

    def dropout_steps(self):
        for size in (self.n, 3):
            yield self.out(2 * size), self.numbers(2 * size), size, HALF, self.one(2), *self.where

    def drop_all(self):
        yield (self.out(self.n),)

    def accumulate(self):
        yield self.out(self.n), self.numbers(self.n)

    def relu_forward(self):
        yield self.out(self.n), self.numbers(self.n)

    def relu_backward(self):
        yield self.out(self.n), self.numbers(self.n), self.numbers(self.n)

    def gaussian_relu_derivative(self):
        yield self.out(self.n), self.numbers(self.n), self.numbers(self.n), self.one(0.5), *self.where

    def rates(self):
        for columns in (max(self.n, 1), 7):
            starts = np.zeros(self.runs(columns), np.int64)
            thresholds = self.rng.integers(0, 2**32, columns, np.uint64, endpoint=True)
            scales = self.numbers(columns)
            yield self.out(self.n), self.numbers(self.n), columns, thresholds, scales, starts, *self.where

    def sample_mask_rates(self):
        for _, _, columns, thresholds, _, starts, *where in self.rates():
            yield self.out(self.n, dtype=np.bool_), columns, thresholds, starts, *where

    def masked_dropout(self):
        numbers = [self.one(value) for value in (2, 0.5, -1)]
        for columns, step in ((max(self.n, 1), 1), (7, 1), (7, 0), (max(self.n, 1), 0)):
            runs = self.runs(columns)
            starts = np.arange(runs) * (columns if step else 1)
            kept = self.mask(self.n if step else runs)
            yield self.out(self.n), self.numbers(self.n), columns, kept, starts, step, *numbers

    def masked_dropout_rates(self):
        for columns in (max(self.n, 1), 5):
            runs = self.runs(columns)
            for steps in ((1, 1), (1, 0), (0, 1), (0, 0)):
                starts = [np.arange(runs) * (columns if step else 1) for step in steps]
                sizes = [self.n if step else runs for step in steps]
                kept, scales = self.mask(sizes[0]), self.numbers(sizes[1])
                yield (
                    self.out(self.n),
                    self.numbers(self.n),
                    columns,
                    *(kept, starts[0], steps[0]),
                    *(scales, starts[1], steps[1]),
                )

    def masked_dropout_packed(self):
        yield self.out(self.n), self.numbers(self.n), np.packbits(self.mask(self.n)), self.one(2)

    def concrete_dropout_forward(self):
        yield self.out(self.n), self.numbers(self.n), self.numbers(1), *self.where

    def concrete_dropout_backward(self):
        operands = self.numbers(self.n), self.numbers(self.n), self.numbers(1)
        yield self.out(self.n), self.out(1), self.sums(), *operands, *self.where

    # ------------------------------------------------------------ masks and bits

    def sample_mask(self):
        yield self.out(self.n, dtype=np.bool_), HALF, *self.where

    def sample_packed_mask(self):
        yield self.out((self.n + 7) // 8, dtype=np.uint8), self.n, HALF, *self.where

    def pack_mask(self):
        yield self.out((self.n + 7) // 8, dtype=np.uint8), self.mask(self.n)

    def unpack_mask(self):
        yield self.out(self.n, dtype=np.bool_), np.packbits(self.mask(self.n))

    def block_mask(self):
        for height, width in ((4, self.n), (self.n, 3)):
            if self.n:
                block = min(3, height, width)
                seeds = self.mask(4 * (height - block + 1) * (width - block + 1))
                kept = self.out(4 * height * width, dtype=np.bool_)
                yield kept, self.out(2), seeds, height, width, block

    def random_bits(self):
        yield self.out(self.n, dtype=np.uint64), *self.where

    def kept_units(self):
        for threshold in (np.uint64(0), HALF, ALL):
            yield self.out(self.n + 2, dtype=np.int64), self.n, threshold, *WORDS

    # ------------------------------------------------------------ rows

    def gather(self):
        if self.n:
            yield self.out(9), self.numbers(self.n), self.rng.integers(0, self.n, 9)
            yield self.out(self.n, dtype=np.int64), np.arange(5), self.rng.integers(0, 5, self.n)

    def data(self, rows, columns):
        yield self.numbers(rows, columns)
        yield self.rng.integers(0, 255, (rows, columns), np.uint8)

    def scaling(self, columns):
        return self.rng.random(columns), self.rng.random(columns)

    def gather_rows(self):
        for rows, columns in ((5, self.n), (self.n, 3)):
            for data in self.data(rows, columns):
                numbers = self.rng.integers(0, rows, self.n) if rows else np.empty(0, np.int64)
                yield self.out(len(numbers), columns), data, numbers, *self.scaling(columns)

    def gather_columns(self):
        for data in self.data(5, self.n):
            for count in {self.n, self.n // 2}:
                numbers, units = self.rng.integers(0, 5, 6), self.listed(count, self.n)
                yield self.out(6, count), data, numbers, units, *self.scaling(self.n)

    def gather_sparse_rows(self):
        for kind in (np.int32, np.int64):
            dense = self.mask((5, self.n)) if self.n else np.zeros((5, 0), bool)
            starts, columns = np.append(0, dense.sum(1).cumsum()).astype(kind), np.nonzero(dense)[1].astype(kind)
            numbers = self.rng.integers(0, 5, 6)
            yield self.out(6, self.n), self.numbers(columns.size), columns, starts, numbers, *self.scaling(self.n)

    def scale_rows(self):
        yield self.out(self.n, 3), self.numbers(self.n)
        yield self.out(3, self.n), self.numbers(3)

    # ------------------------------------------------------------ losses

    def batches(self):
        return ((self.n, 3), (3, self.n)) if self.n else ()

    def forward_to_targets(self):
        for shape in self.batches():
            operands = self.numbers(*shape), self.rng.random(shape).astype(self.dtype)
            yield self.out(shape[0]), self.out(shape[0]), self.out(*shape), *operands

    def backward_from_targets(self):
        for shape in self.batches():
            yield self.out(*shape), self.numbers(*shape), self.rng.random(shape).astype(self.dtype)

    def softmax_forward(self):
        for rows, classes in self.batches():
            labels = self.rng.integers(0, classes, rows)
            shape = rows, classes
            yield self.out(rows), self.out(rows), self.out(*shape), self.numbers(*shape), labels

    def softmax_backward(self):
        for rows, classes in self.batches():
            yield self.out(rows, classes), self.numbers(rows, classes), self.rng.integers(0, classes, rows)

    def batch_sums(self):
        yield self.out(2, dtype=np.float64), self.numbers(self.n), self.numbers(self.n)

    # ------------------------------------------------------------ layers

    def linear_forward(self):
        for rows, inputs, units in self.layers():
            for biases in (units, 0):
                operands = self.numbers(rows, inputs), self.numbers(units, inputs), self.numbers(biases)
                yield self.out(rows, units), *operands

    def linear_relu_dropout_forward(self):
        for out, inp, weight, bias in self.linear_forward():
            for threshold in (HALF, np.uint64(0)):
                yield out, inp, weight, bias, threshold, self.one(2), *self.where

    def linear_dropout(self):
        for out, *operands, threshold, scale, k0, k1, stream, step, offset in self.linear_relu_dropout_forward():
            for slopes in (out.content.shape, (0, out.content.shape[1])):
                yield out, self.out(*slopes), *operands, threshold, scale, k0, k1, stream, step, offset

    def multiply_slopes(self):
        yield self.out(self.n), self.numbers(self.n), self.numbers(self.n)

    def linear_backward_product(self):
        for dinp, dout, weight, _, _ in self.linear_backward_input():
            yield dinp, dout, weight, self.numbers(*dinp.content.shape)

    def linear_backward_input(self):
        for rows, inputs, units in self.layers():
            for before in (rows, 0):
                operands = self.numbers(rows, units), self.numbers(units, inputs), self.numbers(before, inputs)
                yield self.out(rows, inputs), *operands, self.one(2)

    def linear_backward_weight(self):
        for rows, inputs, units in self.layers():
            yield self.out(units, inputs), self.out(units), self.numbers(rows, units), self.numbers(rows, inputs)

    def linear_backward(self):
        for dweight, dbias, dout, inp in self.linear_backward_weight():
            weight = self.numbers(*dweight.content.shape)
            for rows in (len(inp), 0):
                yield self.out(rows, inp.shape[1]), dweight, dbias, dout, inp, weight

    def linear_relu_dropout_backward(self):
        for dinp, dweight, dbias, dout, inp, weight in self.linear_backward():
            yield dinp, dweight, dbias, Out(dout), self.numbers(*dout.shape), inp, weight, self.one(2)

    # ------------------------------------------------------------ updates

    def hyperparameters(self, name):
        """Yield the hyperparameters of a rule in turn, and the state's rows."""
        rule = name.rpartition("_")[2]
        settings = SETTINGS[rule]
        return np.array(settings[self.n % len(settings)], self.dtype), UPDATES[rule].slots

    def step_layer(self, name):
        for dweight, dbias, dout, inp in self.linear_backward_weight():
            values, slots = self.hyperparameters(name)
            size = dweight.content.size
            state, starts = self.out(slots, size + dbias.content.size), np.array([0, size])
            parameters = Out(self.numbers(*dweight.content.shape)), Out(self.numbers(dbias.content.size))
            yield *parameters, dweight, dbias, state, starts, dout, inp, values

    def step_stored(self, name):
        values, slots = self.hyperparameters(name)
        for start, decays in ((0, True), (self.n % 5, False)):
            state = self.out(slots, start + self.n)
            yield Out(self.numbers(self.n)), self.numbers(self.n), state, start, values, decays

    def sub_layers(self):
        """Yield inputs and units of layers, and lists of the kept ones."""
        for inputs, units in ((self.n, 4), (6, self.n)):
            for share in (1, 2, self.n + 7):
                yield inputs, units, self.listed(inputs // share, inputs), self.listed(units // share, units)

    def subnetwork(self, name):
        values, slots = self.hyperparameters(name)
        for inputs, units, some_inputs, some_units in self.sub_layers():
            size = inputs * units
            small = self.numbers(some_units[0], some_inputs[0]), self.numbers(some_units[0])
            state, starts = self.out(slots, size + units), np.array([0, size])
            lists = some_units, some_inputs, self.one(2), values
            yield Out(self.numbers(units, inputs)), Out(self.numbers(units)), *small, state, starts, *lists

    def take_layer(self):
        for inputs, units, some_inputs, some_units in self.sub_layers():
            results = self.out(some_units[0], some_inputs[0]), self.out(some_units[0])
            yield *results, self.numbers(units, inputs), self.numbers(units), some_units, some_inputs, self.one(2)

    def spread_layer(self):
        for inputs, units, some_inputs, some_units in self.sub_layers():
            small = self.numbers(some_units[0], some_inputs[0]), self.numbers(some_units[0])
            yield self.out(units, inputs), self.out(units), *small, some_units, some_inputs, self.one(2)

    def spread_columns(self):
        for inputs, units, some_inputs, _ in self.sub_layers():
            yield Out(self.numbers(units, inputs)), some_inputs

    def max_norm(self):
        for shape in ((self.n, 3), (3, self.n)):
            yield Out(self.numbers(*shape)), self.one(0.5)

    def clip_norm(self):
        yield Out(self.numbers(self.n)), self.sums(), self.numbers(4) ** 2

    def concrete_regularizer(self):
        for shape in ((self.n, 3), (3, self.n)):
            yield self.out(1), self.sums(), self.numbers(*shape), self.numbers(1), self.numbers(2)

    def concrete_hyperparameters(self):
        yield self.out(9), self.numbers(9), self.numbers(1), self.numbers(2), self.n % 9


NAMED = {Cases.step_layer, Cases.step_stored, Cases.subnetwork}
METHODS = {
    name: getattr(Cases, name.partition(".")[0]) for name in KERNELS if hasattr(Cases, name.partition(".")[0])
} | {
    **{f"{loss}_backward": Cases.backward_from_targets for loss in ("bce", *VALUE_LOSSES)},
    **{f"{loss}_forward": Cases.forward_to_targets for loss in ("bce", *VALUE_LOSSES)},
    **{f"linear_{update}": Cases.step_layer for update in UPDATES},
    **{f"step_{update}": Cases.step_stored for update in UPDATES},
    **{f"subnetwork_{update}": Cases.subnetwork for update in UPDATES},
    "add_gaussian_noise": Cases.noise,
    "alpha_dropout_backward": Cases.affine,
    "alpha_dropout_forward": Cases.affine,
    "dropout_backward": Cases.dropout,
    "dropout_forward": Cases.dropout,
    "dropout_rates_backward": Cases.rates,
    "dropout_rates_forward": Cases.rates,
    "gaussian_dropout_backward": Cases.noise,
    "gaussian_dropout_forward": Cases.noise,
    "masked_dropout_backward": Cases.masked_dropout,
    "masked_dropout_forward": Cases.masked_dropout,
    "masked_dropout_packed_backward": Cases.masked_dropout_packed,
    "masked_dropout_packed_forward": Cases.masked_dropout_packed,
    "masked_dropout_rates_backward": Cases.masked_dropout_rates,
    "masked_dropout_rates_forward": Cases.masked_dropout_rates,
    "softmax_cross_entropy_backward": Cases.softmax_backward,
    "softmax_cross_entropy_forward": Cases.softmax_forward,
}
