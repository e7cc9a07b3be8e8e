"""Event source mappings: how many batches at once, by Lambda's guide, and when what failed is there again."""

from __future__ import annotations

from apigw_sim.rules.event_source import widened


def test_three_hundred_more_batches_a_minute_up_to_the_most() -> None:
    """Lambda's guide: 5 at first, 300 more each minute, at most 1,000."""
    at_once = [5]
    for _ in range(6):
        at_once.append(widened(at_once[-1], 300, 1000))
    assert at_once == [5, 305, 605, 905, 1000, 1000, 1000]
