"""Columns of tables: their kinds, and what is learnt of numbers, categories and dates to encode them as features."""
