"""The exceptions of the package, in addition to Python's."""

__all__ = ["DeviceError", "InputError"]


class InputError(ValueError):
    """Invalid input. The message gives the argument, the problem and, if possible, the remedy."""


class DeviceError(InputError):
    """A device does not support a valid network, because of its dtype or its size."""
