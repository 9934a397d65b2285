"""A hidden layer as one operation: linear, ReLU, dropout."""

from ..._jit import kernel
from .linear import linear_backward, linear_forward
from .relu_dropout import relu_dropout_backward, relu_dropout_forward


@kernel(parallel=False)
def linear_relu_dropout_forward(out, inp, weight, bias, threshold, scale, k0, k1, stream, step, offset):
    """Write dropout(relu(inp @ weight.T + bias)); threshold 0 leaves dropout out, an empty bias is none."""
    # out (B, K), inp (B, C), weight (K, C), bias (K,); element i of out is element offset + i of the stream
    linear_forward(out, inp, weight, bias)
    flat = out.reshape(out.size)
    relu_dropout_forward(flat, flat, threshold, scale, k0, k1, stream, step, offset)


@kernel(parallel=False)
def linear_relu_dropout_backward(dinp, dweight, dbias, dout, out, inp, weight, scale):
    """Write the gradients of the layer; dout is overwritten with that of the product; an empty dinp is not computed."""
    # dinp (B, C), dweight (K, C), dbias (K,), dout (B, K), out (B, K), inp (B, C), weight (K, C)
    flat = dout.reshape(dout.size)
    relu_dropout_backward(flat, flat, out.reshape(out.size), scale)
    linear_backward(dinp, dweight, dbias, dout, inp, weight)
