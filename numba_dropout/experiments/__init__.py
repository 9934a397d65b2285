"""Experiments: training configurations, comparisons, searches, published results, and the environment."""
