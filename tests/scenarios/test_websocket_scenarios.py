"""The scenario about a reconnect storm does what its comment says."""

from __future__ import annotations

from typing import Any

import pytest
from scenarios.comments import Claim, check, numbers, overrides
from scenarios.test_scenarios import COMMENTS, Run, run, tries_of, vouched

PHONES, OPEN, BURST, TRIES = 6_000, 500, 5_000, 8


def storm(done: Run) -> tuple[int, int, int]:
    """Phones that are back, connects that were refused, requests that the account's bucket refused."""
    refused = {row["limit"]: row["refused"] for row in done.summary["limits"]}
    back = done.summary["connections"]["chat/prod"]["open_at_end"]
    return back, refused["new connections throttle"], refused["account throttle"]


def test_reconnect_storm() -> None:
    """Answers differ by well below 0.1 s, in which 50 more get in: each time, of the seven after the first."""
    done = run("reconnect_storm")
    back, refused, of_account = storm(done)
    assert done.summary["connections"]["chat/prod"]["closed"]["lost"] == PHONES
    assert TRIES * OPEN <= back <= TRIES * OPEN + (TRIES - 1) * 50
    left = [PHONES - OPEN * time for time in range(1, TRIES + 1)]
    assert sum(left) - sum(range(1, TRIES)) * 50 <= refused <= sum(left)
    assert of_account == PHONES - BURST
    vouched(
        "reconnect_storm",
        [
            Claim("drops {} phones from a chat, and a third", (PHONES,)),
            Claim("$disconnect for every lost connection, {} requests at one instant", (PHONES,)),
            Claim("bucket holds {}, so {} are refused", (BURST, PHONES - BURST)),
            Claim("all {} connect at one instant, and an account opens {} connections a second: {} get in and {} are refused",
                  (PHONES, OPEN, OPEN, PHONES - OPEN)),
            Claim("eight times {} are {}", (OPEN, TRIES * OPEN)),
            Claim("The same {} spread over {} s are {} a second", (PHONES, 20, PHONES / 20)),
        ],
        [
            Claim("{} phones are back and {} are not; {} connects were refused, and {} requests by the account's bucket",
                  (back, PHONES - back, refused, of_account)),
            Claim("was not invoked {} times more", (done.summary["functions"]["presence"]["throttles"],)),
        ],
    )  # fmt: skip


def drawn_wait(done: Run) -> list[Claim]:
    back, refused, _ = storm(done)
    assert (back, refused) == (PHONES, 0)
    return [Claim("all {} are back, and {} connects were refused", (back, refused))]


def drawn_back_off(done: Run) -> list[Claim]:
    back, refused, _ = storm(done)
    return [
        Claim("up to {} s", (8,)),
        Claim("{} are back, and {} connects were refused", (back, refused)),
    ]


TRIED = [
    ('--set "clients.phones.connections.reconnect={uniform: {min: 0 s, max: 20 s}}"', drawn_wait),
    (
        "--set clients.phones.retry.backoff.cap=8s --set clients.phones.retry.backoff.jitter=full",
        drawn_back_off,
    ),
]


def test_what_to_try_is_tried_here() -> None:
    assert tries_of(__file__) == {("reconnect_storm", options) for options, _ in TRIED}


@pytest.mark.slow
@pytest.mark.parametrize(("options", "claims"), TRIED)
def test_what_it_says_of_a_try(options: str, claims: Any) -> None:
    done = run("reconnect_storm", overrides(options))
    left = check(COMMENTS["reconnect_storm"].tries[options], claims(done))
    assert numbers(left) == []
