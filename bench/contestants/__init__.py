"""One module for each library that takes part; the worker that measures it imports no other.

A module has `VERSIONS`, a function `settle(threads, dtype)` to be called first, and `CONTESTANTS`: for each kind of
case a function that returns those who take part, by name.
"""
