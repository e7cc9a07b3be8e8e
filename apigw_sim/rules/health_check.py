"""Route 53's health checks: what passes, what a checker reports, and when an endpoint is healthy.

Route 53 developer guide, dns-failover-determining-health-of-endpoints, read 2026-11-28.
"""

SHARE = 18
"""Percent: an endpoint is healthy while more of its checkers report that it is."""
RESPONSE_NS = 2_000_000_000
"""A checker wants its answer so soon."""


def passes(status: int, took_ns: int) -> bool:
    """Whether an answer is that of a healthy endpoint; a negative status: there was none."""
    return status >= 200 and status < 400 and took_ns <= RESPONSE_NS


def against(streak: int, reports: int, passed: int) -> int:
    """How many results in a row now speak against what a checker reports; the threshold of them turns its report."""
    return streak + 1 if passed != reports else 0


def is_healthy(reporting: int, checkers: int) -> bool:
    """Whether Route 53 takes an endpoint for healthy, by how many of its checkers report so."""
    return 100 * reporting > SHARE * checkers
