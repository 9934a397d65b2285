"""Readers of tables and arrays: delimited text, Parquet, Excel, frames, NumPy's files and IDX."""
