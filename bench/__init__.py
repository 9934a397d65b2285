"""What `ndrop bench` measures, and how: side by side, interleaved, and checked before it is timed."""
