"""The command line: parse, call, print."""

from apigw_sim.cli.program import main

__all__ = ["main"]
