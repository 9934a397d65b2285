"""Functions of scalars, written once for every target."""
