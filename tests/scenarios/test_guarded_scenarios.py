"""The scenarios on what stands in front of a backend and may let more through than one thinks."""

from __future__ import annotations

import pytest
from scenarios.comments import Claim, check, overrides
from scenarios.test_scenarios import COMMENTS, Run, refused, run, tries_of, vouched

HOSTS = "throttles_on_hosts"
TRIED = [
    (HOSTS, "--set assumptions.throttling=ideal", "sale {} %, feed {} %"),
    (HOSTS, "--set assumptions.throttling.partitioned.each=share", "sale {} %, but feed {} %"),
]


def by_client(done: Run) -> dict[str, float]:
    """The percentage of each client's requests that was refused."""
    return {str(name): refused(rows) for name, rows in done.requests.groupby("client", observed=True)}


def test_throttles_on_hosts() -> None:
    found = by_client(run(HOSTS))
    vouched(
        HOSTS,
        [
            Claim("some {} and holds {}", (200 / 4, 100)),
            Claim("A host gets {}/s, has {}/s", (95 / 4, 100 / 4)),
        ],
        [Claim("sale {} %, feed {} %", (found["sale"], found["feed"]))],
    )


def test_what_to_try_of_them_is_tried() -> None:
    assert tries_of(__file__) == {(name, options) for name, options, _ in TRIED}


@pytest.mark.parametrize(("name", "options", "words"), TRIED)
def test_what_to_try_does_what_it_says(name: str, options: str, words: str) -> None:
    found = by_client(run(name, overrides(options)))
    assert found["sale"] == 50
    check(COMMENTS[name].tries[options], [Claim(words, (found["sale"], found["feed"]))])
