"""What the command line prints: pages of text, for a terminal or a pipe."""

from apigw_sim.terminal.page import Page, Words

__all__ = ["Page", "Words"]
