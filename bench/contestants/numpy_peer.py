"""NumPy: dropout from a generator, a mask and a multiplication, and matrix products of its BLAS."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cases import Case, P
from . import _checks, _inputs
from ._timed import Timed

__all__ = ["CONTESTANTS", "VERSIONS", "configure"]


def _blas() -> str:
    config: Any = np.show_config(mode="dicts")
    blas = config.get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()


VERSIONS = {"numpy": np.__version__, "numpy's BLAS": _blas()}


def configure(threads: int, dtype: str) -> None:
    """Do nothing, because the environment sets NumPy's threads."""


def _dropout(case: Case) -> dict[str, Timed]:
    x, out = _inputs.positive(case), _inputs.aligned(case.shape, case.dtype)
    uniform, keep = np.empty_like(x), np.empty(case.shape, np.bool_)
    scale, p = x.dtype.type(1 / (1 - P)), x.dtype.type(P)
    rng = np.random.default_rng(1)

    def call() -> Any:
        rng.random(out=uniform, dtype=x.dtype)
        np.greater_equal(uniform, p, out=keep)
        np.multiply(x, scale, out=out)
        return np.multiply(out, keep, out=out)

    return {
        "numpy": Timed(call, "peer", lambda: _checks.dropped(call(), x, P)),
        **_copy(case),
    }


def _gaussian_dropout(case: Case) -> dict[str, Timed]:
    x, out = _inputs.positive(case), _inputs.aligned(case.shape, case.dtype)
    deviation, one, rng = x.dtype.type((P / (1 - P)) ** 0.5), x.dtype.type(1), np.random.default_rng(1)

    def call() -> Any:
        rng.standard_normal(out=out, dtype=x.dtype)
        np.multiply(out, deviation, out=out)
        np.add(out, one, out=out)
        return np.multiply(out, x, out=out)

    return {"numpy": Timed(call, "peer", lambda: _checks.gaussian(call(), x, P))}


def _copy(case: Case) -> dict[str, Timed]:
    x, out = _inputs.positive(case), _inputs.aligned(case.shape, case.dtype)
    return {"copy, numpy.copyto": Timed(lambda: np.copyto(out, x), "limit")}


def _mask(packed: bool) -> Any:
    def contestants(case: Case) -> dict[str, Timed]:
        uniform, keep = np.empty(case.shape, np.float32), np.empty(case.shape, np.bool_)
        rng, p = np.random.default_rng(1), np.float32(P)

        def draw() -> Any:
            rng.random(out=uniform, dtype=np.float32)
            return np.greater_equal(uniform, p, out=keep)

        def call() -> Any:
            return np.packbits(draw(), bitorder="little") if packed else draw()

        def check() -> None:
            call()
            _checks.masked(keep, P)

        return {"numpy": Timed(call, "peer", check)}

    return contestants


def _product(form: str) -> Any:
    def contestants(case: Case) -> dict[str, Timed]:
        left, right = _inputs.factors(form, *_inputs.layer(case))
        out = _inputs.aligned((left.shape[0], right.shape[1]), case.dtype)

        def call() -> Any:
            return np.matmul(left, right, out=out)

        return {"numpy.matmul": Timed(call, "peer", lambda: _checks.product(call(), left, right))}

    return contestants


def _bare_product(case: Case) -> dict[str, Timed]:
    (timed,) = _product("forward")(case).values()
    return {"numpy.matmul, nothing else": timed._replace(role="aside")}


CONTESTANTS = {
    "dropout": _dropout,
    "dropout_backward": _copy,
    "gaussian_dropout": _gaussian_dropout,
    "mask": _mask(False),
    "packed_mask": _mask(True),
    "product_forward": _product("forward"),
    "product_dinp": _product("dinp"),
    "product_dweight": _product("dweight"),
    "linear_relu_dropout": _bare_product,
}
PAIRS: dict[str, Any] = {}
MEMORY: dict[str, Any] = {}
