"""The errors of the package, beside Python's own."""

__all__ = ["InputError", "NoRoom"]


class InputError(ValueError):
    """What was given cannot be used; the message says what is wrong, where, and how to mend it."""


class NoRoom(InputError):
    """A device cannot take a network that is sound: of that dtype, or of that size."""
