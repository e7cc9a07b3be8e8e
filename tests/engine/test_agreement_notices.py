"""The proof of the proof: a fault in the order of events or in a leaf rule of one engine makes the two differ.

Each fault is put into the readable engine alone, and the entry of the catalogue that notices it is named.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import Any

import pytest
from engine.catalogue import CATALOGUE
from engine.catalogue_order import PAIRS, THREE, waiting
from engine.running import ENGINES, EVERY, MS, Ran, Run, at, client, difference, planned, run_on, story
from engine.test_mutants import RULES, Edit, mutant

from apigw_sim.engine.order import Rank
from apigw_sim.plan.tables import Plan

OTHER = ENGINES[-1]
"""The engine that stays as it is."""
ORDER = "apigw_sim.engine.order"


@cache
def plan_of(name: str) -> Plan:
    return planned(CATALOGUE[name].said)


@cache
def unchanged(name: str, grid: int = 1) -> Ran:
    return run_on(OTHER, plan_of(name), grid=grid)


def changed(module: str, *edits: Edit) -> Run:
    """Runs on an engine with a changed module. Outside of `mutant`, so that the other engine is what it always was."""
    with mutant(module, *edits) as run:
        return run


def noticed(run: Run, name: str, grid: int = 1) -> str | None:
    """The first difference between a changed engine and the other one."""
    return difference(run(plan_of(name), grid=grid), unchanged(name, grid))


# pairs of ranks

USED = [
    Rank.CONTROL,
    Rank.DONE,
    Rank.TIMEOUT,
    Rank.ANSWER,
    Rank.ARRIVE,
    Rank.RELAY,
    Rank.RETRY,
    Rank.USER,
    Rank.OPEN,
]
"""Timers are none of today's."""

FLIPPED = '''
class Flipped(int):
    """An order in which two ranks stand in each other's place towards each other, and as ever towards all others."""

    def __add__(self, other):
        return Flipped(int(self) + other)

    def __lt__(self, other):
        return (int(self) < int(other)) != ({int(self) >> ID_BITS, int(other) >> ID_BITS} == {PAIR})

    def __gt__(self, other):
        return (int(self) > int(other)) != ({int(self) >> ID_BITS, int(other) >> ID_BITS} == {PAIR})


def priority('''


def flipped(one: Rank, two: Rank) -> list[Edit]:
    """Two ranks in each other's place, and nothing else moved: SimPy's own events, priorities 0 and 1, are CONTROL."""
    return [
        ("def priority(", FLIPPED.replace("PAIR", f"{int(one)}, {int(two)}")),
        ("    return int(rank) << ID_BITS", "    return Flipped(int(rank) << ID_BITS)"),
    ]


NEVER: dict[tuple[Rank, Rank], str] = {
    (Rank.CONTROL, Rank.TIMEOUT): "who stops waiting reads and writes no cell that control writes",
    (
        Rank.CONTROL,
        Rank.ANSWER,
    ): "an answer's row was made when it was decided; what it makes happen has a later rank",
}
"""Pairs whose order shows nowhere, and why."""


def test_every_pair_of_ranks_has_an_entry_that_notices_it_or_a_reason() -> None:
    named = {(Rank[one], Rank[two]) for one, two in PAIRS}
    assert named | NEVER.keys() == set(combinations(USED, 2))
    assert not named & NEVER.keys()
    assert set(Rank) - set(USED) == {Rank.TIMER}


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_pair_of_ranks_the_other_way_round_is_noticed(pair: tuple[str, str]) -> None:
    run = changed(ORDER, *flipped(*(Rank[name] for name in pair)))
    assert noticed(run, " before ".join(pair))


def everything_changes_when(meeting: Rank) -> Any:
    """At 100 ms all verbs of the timeline meet one who gives up in a queue, or answers on their way to the client."""
    changes = [
        {"set": {f"{EVERY}.throttle": {"rate": "1/s", "burst": 1}, "account.throttle.burst": 1}},
        {"set": {f"{EVERY}.caching.ttl": "1 s", "apis.a.stages.s.cache_cluster": "1.6 GB"}},
        {
            "set": {
                "functions.f.reserved_concurrency": 5,
                "functions.f.timeout": "2 s",
                "account.lambda_concurrency": 900,
            }
        },
        {"set": {"usage_plans.p.quota.limit": 3}},
        {"flush_cache": "a/s"},
        {"fault": {"function": "f", "outage": True, "for": "1 s"}},
        {"fault": {"backend": "h", "slow": 3, "for": "1 s"}},
    ]
    more: dict[str, Any] = {
        "settings": {"caching": {"ttl": "300 s"}, "throttle": {"rate": "9/s", "burst": 9}},
        "stage": {"cache_cluster": "0.5 GB"},
        "usage_plans": {"p": {"quota": {"limit": 9, "period": "DAY"}, "stages": {"a/s": {}}}},
        "timeline": [{"at": "100 ms", **change} for change in changes],
    }
    if meeting is Rank.TIMEOUT:
        later = client(at(500 * MS, 600 * MS), "GET /f")
        return story(**waiting(100, later=later), **more)
    retry = {"attempts": 3, "backoff": {"base": "10 ms", "jitter": "none"}}
    calls = {f"c{n}": client(at(0, 500 * MS), route, retry=retry) for n, route in enumerate(THREE)}
    return story(
        methods=THREE, functions={"f": {"duration": "1 s", "reserved_concurrency": 0}}, clients=calls,
        backends={"h": {"http": {"latency": "300 ms", "concurrency": 1}}}, assumptions={"rest_overhead": "100 ms"}, **more,
    )  # fmt: skip


@pytest.mark.parametrize("pair", NEVER, ids=lambda pair: "-".join(rank.name for rank in pair))
def test_a_pair_that_shows_nowhere_shows_nowhere(pair: tuple[Rank, Rank]) -> None:
    """Nor does it in the entries of the other pairs of the two."""
    said = everything_changes_when(pair[1])
    plain = run_on(OTHER, said)
    assert len(plain.tables["journal"]) >= 7
    entries = [" before ".join(other) for other in PAIRS if {pair[0].name, pair[1].name} & set(other)]
    run = changed(ORDER, *flipped(*pair))
    assert difference(run(said), plain) is None
    assert [name for name in entries if noticed(run, name)] == []


# identities

IDENTITY: list[tuple[str, list[Edit]]] = [
    (
        "clients in the order in which they are written",
        [("(client << USER_BITS | user)", "(65535 - client << USER_BITS | user)")],
    ),
    (
        "work that began late and early ends at one instant",
        [("(client << USER_BITS | user)", "(65535 - client << USER_BITS | user)")],
    ),
    (
        "calls in the order of their numbers",
        [("CALL_STEP = ATTEMPT_STEP << ATTEMPT_BITS", "CALL_STEP = -(ATTEMPT_STEP << ATTEMPT_BITS)")],
    ),
    (
        "users in the order of their numbers",
        [("(client << USER_BITS | user)", "(client << USER_BITS | 65535 - user)")],
    ),
    (
        "attempts in the order of their numbers",
        [
            ("ATTEMPT_STEP = 1 << HOP_BITS", "ATTEMPT_STEP = -(1 << HOP_BITS)"),
            ("CALL_STEP = ATTEMPT_STEP << ATTEMPT_BITS", "CALL_STEP = -(ATTEMPT_STEP << ATTEMPT_BITS)"),
        ],
    ),
    (
        "the gateway's limit before the client's",
        [("    WORK = 1\n", "    WORK = 2\n"), ("    CALLER = 2\n", "    CALLER = 1\n")],
    ),
]


@pytest.mark.parametrize(("name", "edits"), IDENTITY, ids=[name for name, _ in IDENTITY])
def test_identities_the_other_way_round_are_noticed(name: str, edits: list[Edit]) -> None:
    run = changed(ORDER, *edits)
    assert noticed(run, name)


# on a grid


CROWDED = (
    "an outage begins while requests wait",
    "everything at once",
    "two stages and keys of all kinds",
    "errors of the gateway's own are not kept",
    "users in a crowd",
)
"""Entries in which nobody has arranged a tie; on 100 ms all pairs meet in them."""


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_on_a_grid_a_few_scenarios_notice_every_pair(pair: tuple[str, str]) -> None:
    run = changed(ORDER, *flipped(*(Rank[name] for name in pair)))
    assert any(noticed(run, name, 100 * MS) for name in CROWDED)


def test_a_program_without_ranks_is_noticed() -> None:
    """Everything of an instant in the order of identities alone; two events may then be one another's equals and break it."""
    run = changed(ORDER, ("return int(rank) << ID_BITS", "return 2 << ID_BITS"))

    def told(name: str) -> str | None:
        try:
            return noticed(run, name, 100 * MS)
        except TypeError as error:
            return str(error)

    assert all(told(name) for name in CROWDED)
    assert sum(noticed(run, " before ".join(pair)) is not None for pair in PAIRS) > len(PAIRS) // 3


def test_two_ranks_that_nothing_has_change_nothing() -> None:
    """So what is noticed above is the pair, and not the way in which it was put into each other's place."""
    run = changed(ORDER, *flipped(Rank.TIMER, Rank.USER))
    assert [name for name in CROWDED if noticed(run, name, 100 * MS)] == []


# leaf rules

RULE: list[tuple[str, Edit, str]] = [
    (rule, edit, name)
    for (rule, edit, _), name in zip(
        RULES,
        [
            "a bucket fed at exactly its rate",
            "a token a nanosecond early",
            "nothing happens but the timeline",
            "a burst that is raised and cut",
            "a token that is whole a third of a nanosecond later",
            "the scaling rate as a window of ten seconds",
            "a quota that is tried again",
            "statuses at the edges of their classes",
            "statuses at the edges of their classes",
            "an authorizer with a cache",
            "a resource policy before an authorizer",
            "an authorizer without a cache",
            "a resource policy with a user pool and signatures",
            "a resource policy with a user pool and signatures",
            "an authorizer with a cache",
            "an authorizer with a cache",
            "statuses that are not tried again",
            "near and far clients reach one bucket at one instant",
            "a back-off with full jitter",
            "a back-off with equal jitter",
            "a back-off with decorrelated jitter",
            "crashes, bad answers and statuses",
            "an alias of two versions",
            "an alias of two versions",
            "an alias of two versions",
            "environments at the start",
        ],
        strict=True,
    )
]
RULE += [
    ("bucket", ("(missing + rate - 1) // rate:", "missing // rate:"), "a token that is whole a third of a nanosecond later"),
    ("window", ("nth_last < 0 or ", ""), "the scaling rate as a window"),
    ("window", ("nth_last < 0", "nth_last <= 0"), "the scaling rate as a window"),
    ("pick", ("            high = middle\n", "            high = middle - 1\n"), "crashes, bad answers and statuses"),
    (
        "pick",
        ("    return ((word >> 27) * n) >> 36", "    return ((word >> 28) * n) >> 36"),
        "an authorizer with a cache",
    ),
    ("quantile", ("        edge = 1 + (OCTAVES", "        edge = 2 + (OCTAVES"), "environments at the start"),
    ("quantile", ("        octave += 1", "        octave += 2"), "environments at the start"),
    ("quantile", ("& 65535", "& 32767"), "cold starts that are drawn"),
    ("backoff", ("        if wait > cap:\n            return cap\n", ""), "many attempts up to the cap"),
    ("backoff", ("        if top < base:\n            top = base\n", "        top += 1\n"), "many attempts up to the cap"),
    ("backoff", ("(word >> 43) * (span + 1)", "(word >> 42) * (span + 1)"), "a back-off with full jitter"),
    ("backoff", ("in range(retry)", "in range(retry + 1)"), "a back-off with none jitter"),
    ("backoff", ("top // 2 + part(word, top - top // 2)", "top - part(word, top - top // 2)"), "a back-off with equal jitter"),
]  # fmt: skip


def shown(edit: Edit) -> str:
    return f"{edit[0].strip()[-30:]} > {edit[1].strip()[-30:]}".replace("\n", " ")


@pytest.mark.parametrize(("rule", "edit", "name"), RULE, ids=[f"{r}: {shown(e)}" for r, e, _ in RULE])
def test_another_leaf_rule_is_noticed(rule: str, edit: Edit, name: str) -> None:
    run = changed(f"apigw_sim.rules.{rule}", edit)
    assert noticed(run, name)


UNUSED: list[tuple[str, str, str]] = [
    ("bucket", "    if level >= TOKEN:\n", "wait: for explanations alone"),
    ("window", "    return (init_ns", "billed_ms: metrics ask for it"),
    (
        "pick",
        "    return ((word >> 27)",
        "uniform: first attempts' keys and parameters are drawn in blocks, for both engines",
    ),
    ("pick", "    picked = column(word", "alias: so are those of Zipf"),
]
"""Rules that no engine asks: the place in the text, the rule, and who does."""


@pytest.mark.parametrize(("rule", "place", "why"), UNUSED, ids=[why.partition(":")[0] for *_, why in UNUSED])
def test_a_rule_that_no_engine_asks_shows_nowhere(rule: str, place: str, why: str) -> None:
    """It raises, and the scenario of everything does not notice."""
    run = changed(f"apigw_sim.rules.{rule}", (place, f"    raise ValueError\n{place}"))
    assert noticed(run, "everything at once") is None
    assert noticed(run, "calls by weight, bodies and keys") is None
