"""The command `ndrop`: it parses, calls the library and prints."""
