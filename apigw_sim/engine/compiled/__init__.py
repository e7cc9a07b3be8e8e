"""The compiled engine: one loop over integers, between two control events; `kernel` is its source, plain Python."""
