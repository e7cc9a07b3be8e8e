"""Application Auto Scaling's target tracking: which capacity brings a metric to its target (AAS:target-tracking)."""

WHOLE = 1_000_000
"""Metric and target are in millionths."""


def wanted(capacity: int, metric: int, target: int) -> int:
    """The capacity at which the same load is at the target, rounded up: neither too little is added nor too much removed."""
    return -(-capacity * metric // target)


def scaled_out(capacity: int, metric: int, target: int, counted: int, maximum: int) -> int:
    """The capacity after a high alarm; `counted` is what a scale-out added that is still in its cool-down."""
    more = wanted(capacity, metric, target) - capacity - counted
    return min(capacity + more, maximum) if more > 0 and capacity < maximum else capacity


def scaled_in(capacity: int, metric: int, target: int, minimum: int) -> int:
    """The capacity after a low alarm."""
    return min(max(wanted(capacity, metric, target), minimum), capacity)
