"""What a client's process may spend on retries: the SDKs' retry quota, and a budget as a share of calls.

Source of the quota: botocore's standard retry mode and its successor of 2026 (facts 12.1). A budget is kept in
millionths of a retry: every call earns its share, a retry spends RETRY.
"""

RETRY = 1_000_000


def paid(tokens: int, cost: int) -> int:
    """What is left of a quota after a retry of this cost; below 0 it cannot be paid, and is not made."""
    return tokens - cost


def repaid(tokens: int, cost: int, full: int) -> int:
    """A quota after a success: what the last retry cost comes back, or 1 where there was none."""
    tokens += cost if cost > 0 else 1
    return full if tokens > full else tokens


def earned(budget: int, share: int, full: int) -> int:
    """A budget after a call began."""
    budget += share
    return full if budget > full else budget
