"""Attention whose weights are dropped by the kernels. PyTorch's takes its slow path on the CPU when it drops, too."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as torch_functional

from ..layers.mask_generator import MaskGenerator
from .arguments import check_probability
from .functional import dropout
from .masked import Masked

__all__ = ["MultiheadAttention", "scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    *,
    generator: Generator | None = None,
    seed: int | Tensor | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
) -> Tensor:
    """Return attention with dropout of its weights: `torch.nn.functional.scaled_dot_product_attention`.

    Without dropout it is PyTorch's function. As with PyTorch's, dropout_p holds in evaluation, too.

    Parameters
    ----------
    query, key, value : tensor (..., L, E), (..., S, E), (..., S, V)
        float32, float64, bfloat16 or float16.
    attn_mask : tensor, optional
        Broadcasts to (..., L, S): True where a query sees a key, or numbers that are added to the scores.
    dropout_p : float
        Probability of dropping a weight, in [0, 1].
    is_causal, scale, enable_gqa
        As in PyTorch's function.
    generator, seed, stream, step, offset
        As in `dropout`. Elements of the mask (..., L, S) are counted in row-major order.

    Raises
    ------
    ValueError, RuntimeError
        An argument is out of its range, or both attn_mask and is_causal are given.

    References
    ----------
    Vaswani et al., NeurIPS 2017, section 3.2.1, with dropout of the weights as in their published code.

    Examples
    --------
    >>> x = torch.eye(3)
    >>> scaled_dot_product_attention(x, x, torch.ones(3, 1), dropout_p=0.5, seed=1).flatten()
    tensor([0.5289, 1.0578, 1.0578])
    """
    check_probability(dropout_p)
    if dropout_p == 0:
        return torch_functional.scaled_dot_product_attention(
            query, key, value, attn_mask, 0.0, is_causal, scale=scale, enable_gqa=enable_gqa
        )
    if enable_gqa:
        key, value = (each.repeat_interleave(query.size(-3) // each.size(-3), -3) for each in (key, value))
    if is_causal:
        if attn_mask is not None:
            raise RuntimeError("attn_mask and is_causal: expected one of them, got both")
        attn_mask = torch.ones(query.size(-2), key.size(-2), dtype=torch.bool, device=query.device).tril()
    weights = _weights(query, key, attn_mask, scale)
    numbers: dict[str, Any] = {"generator": generator, "seed": seed, "stream": stream, "step": step, "offset": offset}
    return dropout(weights, dropout_p, True, **numbers) @ value


def _weights(query: Tensor, key: Tensor, mask: Tensor | None, scale: float | None = None) -> Tensor:
    """Return the weights (..., L, S), each row of sum 1, or of zeros for a query that sees no key."""
    scores = (query * (1 / math.sqrt(query.size(-1)) if scale is None else scale)) @ key.transpose(-2, -1)
    if mask is None:
        return torch.softmax(scores, -1)
    scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    return torch._safe_softmax(scores, -1)


class MultiheadAttention(Masked, nn.MultiheadAttention):
    """Attend with several heads, and drop weights: `torch.nn.MultiheadAttention`, whose parameters it has.

    Parameters
    ----------
    embed_dim, num_heads, dropout, bias, add_bias_kv, add_zero_attn, kdim, vdim, batch_first, device, dtype
        As in `torch.nn.MultiheadAttention`.
    masks : MaskGenerator, optional
        As in `Dropout`.

    Examples
    --------
    >>> attention = MultiheadAttention(8, 2, dropout=0.1, batch_first=True)
    >>> x = torch.randn(4, 5, 8)
    >>> output, weights = attention(x, x, x)
    >>> output.shape
    torch.Size([4, 5, 8])
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        masks: MaskGenerator | None = None,
    ) -> None:
        check_probability(dropout)
        sizes = {"kdim": kdim, "vdim": vdim, "batch_first": batch_first, "device": device, "dtype": dtype}
        super().__init__(embed_dim, num_heads, dropout, bias, add_bias_kv, add_zero_attn, **sizes)
        self._use(masks)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the output and, if need_weights, the weights after dropout, of PyTorch's arguments and shapes.

        A query that sees no key has weights of 0. PyTorch's are NaN if need_weights.
        """
        if not self.training or self.dropout == 0:
            masks = {"key_padding_mask": key_padding_mask, "attn_mask": attn_mask, "is_causal": is_causal}
            return super().forward(
                query, key, value, need_weights=need_weights, average_attn_weights=average_attn_weights, **masks
            )
        if is_causal and attn_mask is None:
            raise RuntimeError("Need attn_mask if specifying the is_causal hint.")  # PyTorch's message
        batched, first = query.dim() == 3, self.batch_first or query.dim() == 2
        inputs = [x if batched else x[None] for x in (query, key, value)]
        query, key, value = self._projected([x if first else x.transpose(0, 1) for x in inputs])
        mask = self._mask(query, key, key_padding_mask if batched else _in_batch(key_padding_mask), attn_mask)
        weights = dropout(_weights(query, key, mask), self.dropout, True, **self._numbers())
        output = self.out_proj((weights @ value).transpose(1, 2).flatten(2))
        output = output if first else output.transpose(0, 1)
        if average_attn_weights:
            weights = weights.mean(1)
        if not batched:
            output, weights = output[0], weights[0]
        return output, weights if need_weights else None

    def _projected(self, inputs: list[Tensor]) -> list[Tensor]:
        """Return queries, keys and values (N, heads, length, width of a head), with what the options add to keys."""
        if self.in_proj_weight is None:
            weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        else:
            weights = list(self.in_proj_weight.chunk(3))
        biases = [None] * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        q, k, v = (torch_functional.linear(*each) for each in zip(inputs, weights, biases, strict=True))
        if self.bias_k is not None and self.bias_v is not None:
            k, v = (torch.cat([x, bias.expand(len(x), 1, -1)], 1) for x, bias in ((k, self.bias_k), (v, self.bias_v)))
        q, k, v = (x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2) for x in (q, k, v))
        if self.add_zero_attn:
            k, v = (torch.cat([x, x.new_zeros(*x.shape[:2], 1, x.shape[3])], 2) for x in (k, v))
        return [q, k, v]

    def _mask(self, query: Tensor, key: Tensor, padding: Tensor | None, mask: Tensor | None) -> Tensor | None:
        """Return what is added to the scores, of PyTorch's masks: True where a key is not seen, or numbers."""
        parts = []
        if mask is not None:
            parts.append(mask.unflatten(0, (-1, self.num_heads)) if mask.dim() == 3 else mask)
        if padding is not None:
            parts.append(padding[:, None, None])
        parts = [_as_numbers(part, query.dtype) for part in parts]
        added = key.size(2) - parts[0].size(-1) if parts else 0
        total = sum(parts[1:], parts[0]) if parts else None
        return total if total is None or not added else torch_functional.pad(total, (0, added))


def _in_batch(mask: Tensor | None) -> Tensor | None:
    return None if mask is None else mask[None]


def _as_numbers(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """Return a mask as numbers that are added: minus infinity where it is True."""
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros_like(mask, dtype=dtype).masked_fill_(mask, -math.inf)
