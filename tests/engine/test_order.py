"""What happens first when two things happen at one nanosecond: a story for each pair of neighbouring ranks.

CONTROL < DONE < TIMEOUT < ANSWER < ARRIVE < RELAY < RETRY < USER < OPEN; within a rank, in the order of identities.
"""

from __future__ import annotations

from typing import Any

from engine.running import EVERY, FUNCTION, MOCK, MS, SECOND, SERVER, Run, at, client, story

ONE = {"throttle": {"rate": "10/s", "burst": 1}}
"""A bucket that holds one token."""
EMPTY = {"tokens": {f"{EVERY}.throttle": 0}}
NOT_CACHED = {"POST /": {"caching": False}}


def none(base: str) -> dict[str, Any]:
    return {"base": base, "jitter": "none"}


def through(rtt: str) -> dict[str, Any]:
    return {"network": {"rtt": rtt}}


# control


def test_a_limit_that_is_set_meets_the_requests_of_its_instant(run: Run) -> None:
    said = story(at(SECOND), settings={"throttle": {"rate": "0/s", "burst": 9}})
    said["timeline"] = [{"at": "1 s", "set": {f"{EVERY}.throttle.burst": 0}}]
    assert run(said).statuses == [429]


def test_a_flush_comes_before_an_answer_of_its_instant_is_stored(run: Run) -> None:
    """The answer of 10 ms is stored after the flush of 10 ms, so at 20 ms it is there."""
    said = story(
        at(0, 20 * MS), SERVER,
        backends={"h": {"http": {"latency": "10 ms"}}},
        stage={"cache_cluster": "0.5 GB"}, settings={"caching": {"ttl": "300 s"}},
    )  # fmt: skip
    said["timeline"] = [{"at": "10 ms", "flush_cache": "a/s"}]
    assert [row.cache for row in run(said).attempts] == ["MISS", "HIT"]


# DONE: work ends before anything new begins


def test_what_work_held_is_free_for_a_request_that_reaches_the_backend_when_it_ends(run: Run) -> None:
    """One environment, and 50 ms of Lambda's service before each: the first works from 50 to 150 ms, at which the
    second's request reaches it, whichever of them has the first identity."""
    said = story(
        functions={"f": {"duration": "100 ms", "reserved_concurrency": 1}},
        integration=FUNCTION,
        clients={"late": client(at(0)), "early": client(at(100 * MS))},
        assumptions={"lambda_overhead": "50 ms"},
    )
    assert run(said).statuses == [200, 200]
    said["clients"] = {"early": said["clients"]["early"], "late": said["clients"]["late"]}
    assert run(said).statuses == [200, 200]


def test_an_answer_is_in_the_cache_for_a_request_of_its_instant(run: Run) -> None:
    said = story(
        integration=SERVER,
        backends={"h": {"http": {"latency": "10 ms"}}},
        stage={"cache_cluster": "0.5 GB"}, settings={"caching": {"ttl": "300 s"}},
        clients={"second": client(at(8 * MS), **through("4 ms")), "first": client(at(0))},
    )  # fmt: skip
    ran = run(said)
    assert {row.client: (row.arrived_ns // MS, row.cache) for row in ran.attempts} == {
        "first": (0, "MISS"), "second": (10, "HIT"),
    }  # fmt: skip


def place_free_at_100_ms(**limits: str) -> Any:
    """One place, and one who waits for it. The first works for 100 ms (100 ns, slowed a million times), the second for
    nothing (100 ns, a thousandth of it): it begins and ends at 100 ms."""
    return story(
        at(0, 0),
        {**SERVER, "timeout": limits.get("gateway", "29 s")},
        backends={"h": {"http": {"latency": "0.0001 ms", "concurrency": 1, "queue": 1}}},
        timeline=[
            {"at": "0 s", "fault": {"backend": "h", "slow": 1_000_000, "for": "50 ms"}},
            {"at": "50 ms", "fault": {"backend": "h", "slow": 0.001, "for": "1 s"}},
        ],
        timeout=limits.get("client", "1 h"),
    )


def test_a_place_that_is_free_exactly_at_the_limit_is_taken_by_who_waits_for_it(run: Run) -> None:
    """DONE before TIMEOUT: the gateway's limit of 100 ms is kept."""
    ran = run(place_free_at_100_ms(gateway="100 ms"))
    assert [(row.status, row.latency_ns) for row in ran.attempts] == [(200, 100 * MS), (200, 100 * MS)]
    assert [(job.queued_ns, job.duration_ns) for job in ran.invocations] == [(0, 100 * MS), (100 * MS, 0)]


def test_so_is_the_limit_of_the_client(run: Run) -> None:
    ran = run(place_free_at_100_ms(client="100 ms"))
    assert [(call.outcome, call.ended_ns) for call in ran.calls] == [("SUCCEEDED", 100 * MS)] * 2


# TIMEOUT before ANSWER


def test_who_gives_up_has_done_so_before_the_answers_of_that_instant(run: Run) -> None:
    """At 100 ms one client gives up in the queue of h, and f has answered another, whose identity comes first."""
    ran = run(
        story(
            functions={"f": {"duration": "100 ms"}},
            backends={"h": {"http": {"latency": "300 ms", "concurrency": 1, "queue": 1}}},
            methods={"GET /f": {"integration": FUNCTION}, "GET /h": {"integration": SERVER}},
            clients={
                "answered": client(at(0), "GET /f"),
                "blocker": client(at(0), "GET /h"),
                "waiting": client(at(0), "GET /h", timeout="100 ms"),
            },
        )
    )
    assert [(call.client, call.ended_ns // MS, call.outcome) for call in ran.calls] == [
        ("waiting", 100, "TIMED_OUT"), ("answered", 100, "SUCCEEDED"), ("blocker", 300, "SUCCEEDED"),
    ]  # fmt: skip


# ANSWER before ARRIVE


def test_the_gateway_answers_before_it_takes_new_requests_in(run: Run) -> None:
    """At 100 ms one request is answered, and another, whose identity comes first, arrives and is refused at once."""
    ran = run(
        story(
            functions={"f": {"duration": "100 ms"}},
            methods={"GET /": {"integration": MOCK}, "GET /f": {"integration": FUNCTION}},
            stage={"method_settings": {"GET /": {"throttle": {"rate": "1/s", "burst": 0}}}},
            clients={
                "arriving": client(at(90 * MS), **through("20 ms")),
                "answered": client(at(0), "GET /f"),
            },
        )
    )
    assert [(row.client, (row.arrived_ns + row.latency_ns) // MS) for row in ran.attempts] == [
        ("answered", 100), ("arriving", 100),
    ]  # fmt: skip


# ARRIVE before RELAY


def relayed_503(**clients: Any) -> Any:
    """GET / is cached, POST / is not; both go to a server with one place, held for a second from 155 ms on.

    The gateway relays after 5 ms: a GET that arrives at 195 ms meets the full server at 200 ms, and its 503 is stored.
    """
    return story(
        methods={"GET /": {"integration": SERVER}, "POST /": {"integration": SERVER}},
        backends={"h": {"http": {"latency": "1 s", "concurrency": 1}}},
        stage={"cache_cluster": "0.5 GB", "method_settings": NOT_CACHED},
        settings={"caching": {"ttl": "300 s"}},
        assumptions={"rest_overhead": "10 ms"},
        clients={
            **clients,
            "holder": client(at(150 * MS), "POST /"),
            "refused": client(at(195 * MS)),
        },
    )


def test_an_arrival_asks_the_cache_before_a_request_of_that_instant_reaches_its_backend(run: Run) -> None:
    ran = run(relayed_503(arriving=client(at(190 * MS), **through("20 ms"))))
    (row,) = ran.of("arriving")
    assert (row.arrived_ns, row.cache, row.status) == (200 * MS, "MISS", 503)
    (row,) = ran.of("refused")
    assert (row.latency_ns, row.cache, row.status) == (10 * MS, "MISS", 503)


# RELAY before RETRY


def test_a_request_reaches_its_backend_before_another_is_sent_again(run: Run) -> None:
    """Throttled at 0 and answered at 10 ms, sent again at 200 ms: the 503 of 200 ms is in the cache."""
    said = relayed_503(
        again=client(at(0), retry={"attempts": 2, "statuses": [429], "backoff": none("190 ms")})
    )
    said["account"] = {"throttle": {"rate": "100/s", "burst": 10}}
    said["initial"] = {"tokens": {"account.throttle": 0}}
    first, second = run(said).of("again")
    assert (first.status, first.latency_ns) == (429, 10 * MS)
    assert (second.arrived_ns, second.cache, second.status) == (200 * MS, "HIT", 503)


# RETRY before OPEN


def test_who_tries_again_goes_before_who_comes_new(run: Run) -> None:
    """The first token is there at 100 ms: the retry has it, though the new one's identity comes first."""
    ran = run(
        story(
            settings=ONE,
            initial=EMPTY,
            clients={
                "new": client(at(100 * MS)),
                "old": client(at(0), retry={"attempts": 2, "backoff": none("100 ms")}),
            },
        )
    )
    assert [(row.client, row.status) for row in ran.attempts] == [("old", 429), ("old", 200), ("new", 429)]


# identities


def test_within_a_rank_the_order_is_that_of_clients_as_they_are_written(run: Run) -> None:
    """And not of their names."""
    ran = run(story(settings=ONE, clients={name: client(at(0)) for name in ("zoe", "mia", "adam")}))
    assert {row.client: row.status for row in ran.attempts} == {"zoe": 200, "mia": 429, "adam": 429}


def test_within_a_client_it_is_that_of_calls(run: Run) -> None:
    ran = run(story(at(5, 5, 5), settings=ONE, **through("20 ms")))
    assert [(row.call, row.status) for row in ran.attempts] == [(0, 200), (1, 429), (2, 429)]


def test_the_identity_decides_and_not_who_was_scheduled_first(run: Run) -> None:
    """Both arrive at 100 ms; the second client's request is on its way since 0, the first's since 90 ms."""
    ran = run(
        story(
            settings=ONE,
            clients={
                "near": client(at(90 * MS), **through("20 ms")),
                "far": client(at(0), **through("200 ms")),
            },
        )
    )
    assert {row.client: (row.arrived_ns // MS, row.status) for row in ran.attempts} == {
        "near": (100, 200), "far": (100, 429),
    }  # fmt: skip


def test_so_it_is_with_work_that_ends_at_one_instant(run: Run) -> None:
    """f of 200 ms begun at 0 and f of 100 ms begun at 100 ms end together: rows in the order of identities."""
    ran = run(
        story(
            functions={"f": {"duration": "200 ms"}, "g": {"duration": "100 ms"}},
            methods={f"GET /{name}": {"integration": {"lambda_proxy": name}} for name in "fg"},
            clients={"short": client(at(100 * MS), "GET /g"), "long": client(at(0), "GET /f")},
        )
    )
    assert [row.client for row in ran.attempts] == ["short", "long"]
    assert [job.client for job in ran.invocations] == ["short", "long"]


def test_retries_of_one_instant_go_in_the_order_of_their_calls(run: Run) -> None:
    """Call 0 is refused at 0 for the second time at 100 ms, call 1 at 100 ms for the first: both come at 300 ms."""
    ran = run(
        story(
            at(0, 200 * MS),
            settings={"throttle": {"rate": "1/s", "burst": 1}},
            initial=EMPTY,
            retry={"attempts": 5, "backoff": none("100 ms")},
            timeline=[{"at": "300 ms", "set": {f"{EVERY}.throttle.rate": "0/s"}}],
        )
    )
    together = [(row.call, row.attempt) for row in ran.attempts if row.arrived_ns == 300 * MS]
    assert together == [(0, 3), (1, 2)]
