"""Cases of `ndrop bench`, and workers with invented results."""

from numba_dropout_bench import cases, sizes, worker_pool


class FakeWorker:
    """A worker that returns prepared results, or raises them."""

    name = "own"

    def __init__(self, **results):
        self.results, self.turns = results, []

    def request(self, do, **arguments):
        if do == "turn":
            self.turns.append(arguments["name"])
        value = self.results.get(do)
        if isinstance(value, str):
            raise worker_pool.Failed(value)
        return value(**arguments) if callable(value) else value


def case_of(kind, group="kernels"):
    """Return the first case of a kind."""
    return next(case for case in cases.of_group(group, sizes.DEFAULTS[group], "float32") if case.kind == kind)
