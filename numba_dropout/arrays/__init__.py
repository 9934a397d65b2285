"""Arrays on the host and on CUDA devices: their checks, their views, and the choice of kernels."""
