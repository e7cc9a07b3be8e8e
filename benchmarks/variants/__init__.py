"""The programs that are measured: each module has `run(n, seed)`, about n requests, and gives its counts."""
