"""The errors of the package, beside Python's own."""

__all__ = ["DeviceError", "InputError"]


class InputError(ValueError):
    """What was given cannot be used; the message says what is wrong, where, and how to mend it."""


class DeviceError(InputError):
    """A device cannot take a network that is sound: of that dtype, or of that size."""
