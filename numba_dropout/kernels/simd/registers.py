"""Register files of the targets, and the tile of a matrix product that fits each."""

from typing import NamedTuple

from numba.core import codegen, config

__all__ = ["TILE", "Tile", "tile_for"]


class Tile(NamedTuple):
    """A tile of a product, whose sums stay in registers: `rows` times `vectors` of `size` bytes."""

    size: int
    rows: int
    vectors: int
    fused: bool  # whether a multiply-add is one operation
    turns: int  # unrolled iterations of the loop along the depth

    @property
    def width(self) -> int:
        """Bytes of a row of the tile."""
        return self.size * self.vectors


def tile_for(features: str, machine: str) -> Tile:
    """Return the tile for LLVM's list of features ("+avx2,+fma,-avx512f") and a machine ("x86_64", "aarch64")."""
    has = {name[1:] for name in features.split(",") if name.startswith("+")}
    if machine in ("aarch64", "arm64"):
        return Tile(16, 8, 3, fused=True, turns=1)  # NEON: 24 sums of 32 registers, and two turns would spill
    if "avx512f" in has:
        return Tile(64, 8, 3, fused=True, turns=4)  # 24 sums of 32 registers
    if "avx2" in has and "fma" in has:
        return Tile(32, 4, 3, fused=True, turns=4)  # 12 sums of 16 registers
    if "avx2" in has:
        return Tile(32, 4, 2, fused=False, turns=4)  # products need registers as well
    return Tile(16, 4, 2, fused=False, turns=4)  # SSE


def _target_tile() -> Tile:
    """Return the tile for Numba's target features, which NUMBA_CPU_FEATURES may change."""
    features = codegen.get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES
    return tile_for(features, codegen.ll.get_default_triple().split("-")[0])


TILE = _target_tile()
