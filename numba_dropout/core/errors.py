"""The exceptions of the package, in addition to Python's."""

__all__ = ["DeviceError", "InputError", "missing"]


class InputError(ValueError):
    """Invalid input. The message gives the argument, the problem and, if possible, the remedy."""


class DeviceError(InputError):
    """A device that does not support a valid network, because of its dtype or its size."""


def missing(what: str, package: str, extra: str) -> str:
    """Return a message for a missing library: what requires it, the package, and this package's extra."""
    return f"{what}: pip install {package} (or the extra [{extra}])"
