"""A CloudWatch alarm: M out of N datapoints, and what missing ones mean (CW:alarms-and-missing-data).

Where AWS's page leaves a case open, fewer than M breaching datapoints that are too young for an alarm are OK.
"""

from collections.abc import Sequence

NO_DATA, WITHIN, BREACH = -1, 0, 1
"""What a datapoint is."""
INSUFFICIENT_DATA, OK, ALARM = 0, 1, 2
"""The states."""
MISSING, IGNORE, BREACHING, NOT_BREACHING = 0, 1, 2, 3
"""What missing data are treated as."""


def state(points: Sequence[int], m: int, n: int, treated_as: int, before: int) -> int:
    """The state after an evaluation of the evaluation range, oldest point first: the n most recent real points count.

    Missing ones are filled in only where there are fewer than n. An alarm does not come early: breaching points alone
    make one before there are m only if the oldest is m periods old, so that nothing can still come between them.
    """
    real = breaching = oldest = 0
    for age in range(1, len(points) + 1):
        point = points[len(points) - age]
        if point != NO_DATA and real < n:
            real += 1
            if point == BREACH:
                breaching += 1
                oldest = age
    if breaching >= m:
        return ALARM
    if treated_as == NOT_BREACHING:
        return OK
    if treated_as == BREACHING:
        return ALARM if breaching + n - real >= m else OK
    if real == 0:
        return before if treated_as == IGNORE else INSUFFICIENT_DATA
    if breaching < real:
        return OK
    if treated_as == IGNORE:
        return before
    return ALARM if oldest >= m else OK
