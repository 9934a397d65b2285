"""The libraries, one module each.

A worker imports only the module of its library.

A module has `VERSIONS`, a function `configure(threads, dtype)` to be called first, and `CONTESTANTS`. These hold, for
each kind of case, a function that returns a dictionary of contestants.
"""
