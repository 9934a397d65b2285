"""Experiments: configurations of runs, comparisons, searches, published results, and the environment."""
