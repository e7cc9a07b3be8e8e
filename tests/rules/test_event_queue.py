"""The rules of Lambda's own queue of events, by AWS's words: from one second to five minutes, a minute, then two."""

from __future__ import annotations

from itertools import accumulate, repeat

from apigw_sim.rules.event_queue import after_errors, comes, longer
from apigw_sim.units import MINUTE, SECOND


def test_the_wait_doubles_from_one_second_up_to_five_minutes() -> None:
    waits = list(accumulate(repeat(0, 11), lambda wait, _: longer(wait), initial=0))[1:]
    assert [wait // SECOND for wait in waits] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_an_error_waits_a_minute_and_the_second_two() -> None:
    assert [after_errors(errors) for errors in (1, 2)] == [MINUTE, 2 * MINUTE]


def test_an_event_waits_no_longer_than_it_may_be_old() -> None:
    assert comes(10, 60, 70, 20) == 70  # exactly as old as it may be
    assert comes(10, 60, 71, 20) == 70
    assert comes(10, 60, 91, 80) == 80  # it is too old already
