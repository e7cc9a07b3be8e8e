"""Alias routing: which of two versions an invocation meets (facts 8)."""

from apigw_sim.rules.pick import happens


def version(word: int, first: int, second: int, threshold: int) -> int:
    """The older version, or where the word lies below the share of the newer one, that."""
    if happens(word, threshold):
        return second
    return first
