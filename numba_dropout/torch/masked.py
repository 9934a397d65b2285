"""Modules with masks of PyTorch's generator or of a `MaskGenerator`, whose numbers are a part of their state."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ..core import checks
from ..layers.mask_generator import MaskGenerator
from .ops import SEEDS, seed_tensor

__all__ = ["Masked"]


class Masked(nn.Module):
    """A module with masks: those of PyTorch's generator, or those of the sites and steps of a `MaskGenerator`.

    With a generator, the state of the module has its seed and step and the site, so that a resumed run goes on with the
    same masks. `masks.advance()` goes to the next step, after each of training.
    """

    masks: MaskGenerator | None

    def _use(self, masks: MaskGenerator | None) -> None:
        """Take the next site of a generator."""
        if masks is not None and not isinstance(masks, MaskGenerator):
            raise TypeError(f"masks: expected a MaskGenerator or None, got {type(masks).__name__}")
        self.masks = masks
        self.site = None if masks is None else masks.site()

    def _numbers(self) -> dict[str, Any]:
        """Return the keyword arguments seed, stream and step, or none for PyTorch's generator."""
        if self.masks is None or not self.training:
            return {}
        if torch.compiler.is_compiling():  # as a tensor, the step is no constant of the compiled function
            step = torch.as_tensor(self.masks.step_array)
            return {"seed": torch.stack([seed_tensor(self.masks.seed), step]), "stream": self.site}
        return self.masks.at(self.site)  # type: ignore[arg-type]

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.masks is not None:
            numbers = [torch.tensor(number, device="cpu") for number in (self.masks.step, self.site)]
            destination[f"{prefix}masks"] = torch.stack([seed_tensor(self.masks.seed), *numbers])

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        others, key = dict(state_dict), f"{prefix}masks"
        if self.masks is not None:
            if key in others:
                try:
                    seed, step, site = (int(number) for number in others.pop(key).tolist())
                    checks.integer(site, "site", 0, 2**24 - 1)
                    self.masks.step = step
                except (TypeError, ValueError) as error:
                    error_msgs.append(f"{key}: expected seed, step and site, got {state_dict[key]} ({error})")
                else:
                    self.masks.seed, self.site = seed % SEEDS, site
                    self.masks.sites = max(self.masks.sites, site + 1)
            else:
                missing_keys.append(key)
        super()._load_from_state_dict(others, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
