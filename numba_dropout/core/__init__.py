"""Compilation and its cache on disk, checks of arguments, threads and access: the base of all other folders."""
