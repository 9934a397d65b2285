"""Names of earlier versions, which work with a DeprecationWarning."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["RenamedAttribute", "renamed"]


def renamed(module: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module for the earlier names of its attributes."""

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warnings.warn(f"{module}.{name} is now called {names[name]}", DeprecationWarning, stacklevel=2)
        return getattr(sys.modules[module], names[name])

    return find


class RenamedAttribute:
    """An attribute's earlier name in a class.

    A `__getattr__` of the class would find these names too, but then every attribute access would be slower.
    """

    def __init__(self, new: str) -> None:
        self._new = new

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        """Return the attribute of the new name, with a DeprecationWarning."""
        if instance is None:
            return self
        warnings.warn(f"{self._name} is now called {self._new}", DeprecationWarning, stacklevel=2)
        return getattr(instance, self._new)
