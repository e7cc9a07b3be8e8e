"""Pictures and texts of a run: frames in, Axes out. Nothing here reads the user's matplotlibrc or needs a display."""
