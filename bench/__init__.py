"""The benchmarks of `ndrop bench`: interleaved measurements of several libraries, verified before timing."""
