"""Provisioned concurrency: how much of it is in use (facts 10.2)."""

WHOLE = 1000
"""Utilization is measured in thousandths."""


def utilization(busy: int, allocated: int) -> int:
    """ProvisionedConcurrencyUtilization in thousandths, rounded down; 0 where there is none.

    After less has been allocated, those that are still busy may be more than there are: all that is.
    """
    if allocated == 0:
        return 0
    if busy > allocated:
        return WHOLE
    return busy * WHOLE // allocated
