"""Arrays: where they live, their checks and views, and the kernels for them."""
