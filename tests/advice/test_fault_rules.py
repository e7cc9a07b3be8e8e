"""Rules on what the timeline breaks."""

from __future__ import annotations

from collections.abc import Callable

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]


def test_fault001_fires_for_what_ends_with_the_run_or_later(one: One) -> None:
    fault = {"function": "worker", "slow": 3, "for": "1 min"}
    path, text, fix = one("FAULT001", timeline=[{"at": "9 min", "fault": fault}])
    assert path == "timeline[0].fault"
    assert text == (
        "the fault lasts until 10 min and the run until 10 min: whether the system recovers is not seen"
    )
    assert fix == "let the run last some minutes longer than 10 min"
    lowered = {"at": "8 min", "for": "3 min", "set": {"account.throttle.rate": "5/s"}}
    path, text, _ = one("FAULT001", timeline=[lowered])
    assert path == "timeline[0].for"
    assert text.startswith("what is set lasts until 11 min and the run until 10 min")


def test_fault001_is_silent_where_something_is_left_of_the_run(advice: Advised) -> None:
    fault = {"function": "worker", "slow": 3, "for": "59 s"}
    for_good = {"at": "9 min", "set": {"account.throttle.rate": "5/s"}}
    assert not advice("FAULT001", timeline=[{"at": "9 min", "fault": fault}, for_good])
