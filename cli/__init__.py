"""The command `ndrop`: argument parsing, calls of the library, and printing."""
