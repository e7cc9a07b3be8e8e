"""Faults put into the order of events and into the leaf rules, each of which a story must notice: that proves the stories."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec, module_from_spec
from typing import Any

import pytest
from engine import test_aliases as aliases
from engine import test_authorizers as authorizers
from engine import test_aws_examples as aws
from engine import test_clients as clients
from engine import test_lambda as functions
from engine import test_order as order
from engine import test_throttles as throttles
from engine import test_timeline as timeline
from engine.running import Run, run_on, story

AFRESH = ("apigw_sim.rules", "apigw_sim.draws", "apigw_sim.engine", "apigw_sim.control", "apigw_sim.compose")
"""What is imported anew around a changed module; plans and metrics stay as they are."""

Edit = tuple[str, str]
Story = Callable[[Run], None]


def _ours() -> list[str]:
    return [name for name in sys.modules if name.startswith(AFRESH)]


@contextmanager
def mutant(name: str, *edits: Edit) -> Iterator[Run]:
    """Runs on an engine one of whose modules has some places of its text changed."""
    before = {name: sys.modules[name] for name in _ours()}
    for ours in before:
        del sys.modules[ours]
    try:
        spec = find_spec(name)
        assert spec is not None
        text = spec.loader.get_source(name)  # type: ignore[union-attr]
        for old, _ in edits:
            assert text.count(old) == 1, (
                f"{old!r} stands {text.count(old)} times in {name}: write the mutant anew"
            )
        for old, new in edits:
            text = text.replace(old, new)
        made = module_from_spec(spec)
        sys.modules[name] = made
        exec(compile(text, spec.origin or name, "exec"), vars(made))
        yield partial(run_on, "simpy", simulate=importlib.import_module("apigw_sim.compose").simulate)
    finally:
        for ours in _ours():
            del sys.modules[ours]
        sys.modules.update(before)
        for ours, module in before.items():
            parent, _, child = ours.rpartition(".")
            setattr(sys.modules[parent], child, module)


def swapped(one: str, first: int, two: str, second: int) -> list[Edit]:
    """Two ranks in each other's place."""
    return [
        (f"    {one} = {first}\n", f"    {one} = {second}\n"),
        (f"    {two} = {second}\n", f"    {two} = {first}\n"),
    ]


RANKS: list[tuple[list[Edit], Story]] = [
    (
        [("return int(rank) << ID_BITS", "return (int(rank) << ID_BITS) - (1 << 200)")],
        order.test_a_limit_that_is_set_meets_the_requests_of_its_instant,
    ),
    (
        [("return int(rank) << ID_BITS", "return (int(rank) << ID_BITS) - (1 << 200)")],
        order.test_a_flush_comes_before_an_answer_of_its_instant_is_stored,
    ),
    (
        swapped("DONE", 1, "TIMEOUT", 2),
        order.test_a_place_that_is_free_exactly_at_the_limit_is_taken_by_who_waits_for_it,
    ),
    (swapped("DONE", 1, "TIMEOUT", 2), order.test_so_is_the_limit_of_the_client),
    (
        swapped("TIMEOUT", 2, "ANSWER", 3),
        order.test_who_gives_up_has_done_so_before_the_answers_of_that_instant,
    ),
    (swapped("ANSWER", 3, "ARRIVE", 4), order.test_the_gateway_answers_before_it_takes_new_requests_in),
    (
        swapped("ARRIVE", 4, "RELAY", 5),
        order.test_an_arrival_asks_the_cache_before_a_request_of_that_instant_reaches_its_backend,
    ),
    (swapped("RELAY", 5, "RETRY", 6), order.test_a_request_reaches_its_backend_before_another_is_sent_again),
    (swapped("RETRY", 6, "OPEN", 9), order.test_who_tries_again_goes_before_who_comes_new),
    (
        swapped("DONE", 1, "RELAY", 5),
        order.test_what_work_held_is_free_for_a_request_that_reaches_the_backend_when_it_ends,
    ),
    (swapped("DONE", 1, "RELAY", 5), functions.test_lambdas_service_overhead_holds_no_concurrency),
    (swapped("DONE", 1, "ARRIVE", 4), order.test_an_answer_is_in_the_cache_for_a_request_of_its_instant),
    (
        [("(client << USER_BITS | user)", "(65535 - client << USER_BITS | user)")],
        order.test_within_a_rank_the_order_is_that_of_clients_as_they_are_written,
    ),
    (
        [("(client << USER_BITS | user)", "(65535 - client << USER_BITS | user)")],
        order.test_the_identity_decides_and_not_who_was_scheduled_first,
    ),
    (
        [("(client << USER_BITS | user)", "(65535 - client << USER_BITS | user)")],
        order.test_so_it_is_with_work_that_ends_at_one_instant,
    ),
    (
        [("CALL_STEP = ATTEMPT_STEP << ATTEMPT_BITS", "CALL_STEP = -(ATTEMPT_STEP << ATTEMPT_BITS)")],
        order.test_within_a_client_it_is_that_of_calls,
    ),
    (
        [("CALL_STEP = ATTEMPT_STEP << ATTEMPT_BITS", "CALL_STEP = -(ATTEMPT_STEP << ATTEMPT_BITS)")],
        order.test_retries_of_one_instant_go_in_the_order_of_their_calls,
    ),
]

RULES: list[tuple[str, Edit, Story]] = [
    (
        "bucket",
        ("TOKEN = 1_000_000_000_000", "TOKEN = 1_000_000_000_001"),
        throttles.test_a_request_that_finds_exactly_one_token_is_admitted,
    ),
    (
        "bucket",
        ("return level + gained", "return level + gained - 1"),
        throttles.test_up_to_a_change_a_bucket_is_refilled_at_the_old_rate,
    ),
    (
        "bucket",
        ("        return full\n    gained", "        return level + idle * rate\n    gained"),
        throttles.test_what_would_overflow_the_burst_is_lost,
    ),
    (
        "bucket",
        ("    if level > full:\n        return full\n    return level\n", "    return full\n"),
        throttles.test_a_bucket_whose_burst_is_raised_does_not_start_full,
    ),
    (
        "bucket",
        ("idle > SECOND and rate > 0 and idle >=", "idle > SECOND and idle * 10 >="),
        throttles.test_a_bucket_that_holds_a_long_time_is_full_no_sooner,
    ),
    (
        "window",
        ("now - nth_last >= span", "now - nth_last > span"),
        partial(aws.test_1000_new_environments_in_any_ten_seconds, model="window", born=[1_000, 0, 1_000]),
    ),
    ("window", ("used < limit", "used <= limit"), throttles.test_an_offset_counts_in_the_first_period_only),
    ("reason", ("status >= 400", "status >= 401"), lambda run: order_free(run, 400)),
    ("reason", ("status >= 500", "status >= 501"), lambda run: order_free(run, 500)),
    (
        "authorization",
        ("    if word < denied:\n        return DENIED\n", ""),
        authorizers.test_a_denial_is_a_403_and_cached_like_an_allow,
    ),
    (
        "authorization",
        ("if kind == LAMBDA and policy == DENIES:", "if kind == LAMBDA and policy == SILENT:"),
        authorizers.test_a_deny_of_the_policy_comes_before_a_lambda_authorizer_is_called,
    ),
    (
        "authorization",
        ("if standing == MISSING and needs_identity:", "if standing == MISSING:"),
        partial(
            authorizers.test_a_missing_identity_source,
            authorizer={"type": "REQUEST", "ttl": "0 s"},
            status=401,
            invocations=1,
        ),
    ),
    (
        "authorization",
        ("allowed = standing == VALID or policy == ALLOWS", "allowed = standing == VALID"),
        authorizers.test_with_iam_either_policy_allows_and_either_denies,
    ),
    (
        "authorization",
        (
            "policy in (DENIES, SILENT) else reason.OK\n    return",
            "policy == DENIES else reason.OK\n    return",
        ),
        authorizers.test_with_a_user_pool_the_policy_comes_after_authentication_and_must_allow,
    ),
    (
        "authorization",
        ("standing == VALID or (kind == LAMBDA and standing == DENIED)", "standing == VALID"),
        authorizers.test_a_denial_is_a_403_and_cached_like_an_allow,
    ),
    (
        "authorization",
        ("standing == VALID or (kind == LAMBDA and standing == DENIED)", "standing >= VALID"),
        authorizers.test_unauthorized_is_a_401_an_error_of_the_function_and_not_cached,
    ),
    (
        "backoff",
        ("top = top * 2", "top = top * 3"),
        clients.test_the_wait_doubles_with_each_attempt_up_to_the_cap,
    ),
    (
        "backoff",
        ("    if top > cap:\n        top = cap\n", ""),
        clients.test_the_wait_doubles_with_each_attempt_up_to_the_cap,
    ),
    (
        "backoff",
        ("return part(word, top)\n", "return part(word, top - 1)\n"),
        partial(clients.test_each_wait_follows_from_the_formula_and_the_drawn_word, jitter="full"),
    ),
    (
        "backoff",
        ("top // 2 + part(word", "top - top // 2 + part(word + 2**43"),
        partial(clients.test_each_wait_follows_from_the_formula_and_the_drawn_word, jitter="equal"),
    ),
    (
        "backoff",
        ("top = previous * 3", "top = base * 3"),
        partial(clients.test_each_wait_follows_from_the_formula_and_the_drawn_word, jitter="decorrelated"),
    ),
    (
        "pick",
        ("return word < threshold", "return word > threshold"),
        timeline.test_errors_come_in_their_share_and_are_those_of_a_larger_share_too,
    ),
    (
        "routing",
        ("happens(word, threshold)", "happens(word, threshold + (1 << 57))"),
        partial(aliases.test_the_newer_version_takes_the_words_below_its_share, share=50),
    ),
    (
        "routing",
        ("happens(word, threshold)", "happens(word, threshold * 6 // 5)"),
        aliases.test_the_split_is_as_weighted_and_has_no_memory,
    ),
    (
        "routing",
        ("        return second\n    return first", "        return first\n    return second"),
        aliases.test_who_meets_the_newer_version_at_a_smaller_share_meets_it_at_a_larger,
    ),
    (
        "quantile",
        ("SIZE - 1 - edge", "SIZE - 300 - edge"),
        functions.test_the_cold_starts_of_a_runtime_are_those_that_were_measured,
    ),
]


def order_free(run: Run, status: int) -> None:
    """A status at the edge of its class is of that class."""
    (row,) = run(story(integration={"mock": {"status": status}})).attempts
    assert row.reason == ("BACKEND_5XX" if status >= 500 else "BACKEND_4XX")


def named(tale: Any) -> str:
    return getattr(tale, "func", tale).__name__.removeprefix("test_")[:60]


@pytest.mark.parametrize(
    ("edits", "tale"), RANKS, ids=[f"{edits[0][0].strip()}: {named(tale)}" for edits, tale in RANKS]
)
def test_a_story_notices_another_order(edits: list[Edit], tale: Story) -> None:
    tale(partial(run_on, "simpy"))
    with mutant("apigw_sim.engine.order", *edits) as run, pytest.raises(AssertionError):
        tale(run)


@pytest.mark.parametrize(
    ("rule", "edit", "tale"),
    RULES,
    ids=[f"{rule}: {edit[0][-24:].strip()}: {named(tale)}" for rule, edit, tale in RULES],
)
def test_a_story_notices_another_rule(rule: str, edit: Edit, tale: Story) -> None:
    tale(partial(run_on, "simpy"))
    with mutant(f"apigw_sim.rules.{rule}", edit) as run, pytest.raises(AssertionError):
        tale(run)


def test_behind_a_mutant_everything_is_as_it_was() -> None:
    from apigw_sim.engine.model import Model
    from apigw_sim.rules import bucket

    tale = throttles.test_a_bucket_whose_burst_is_raised_does_not_start_full
    with mutant("apigw_sim.rules.bucket", ("    if level > full:\n", "    if level >= 0:\n")) as run:
        assert importlib.import_module("apigw_sim.rules.bucket") is not bucket
        with pytest.raises(AssertionError):
            tale(run)
    assert importlib.import_module("apigw_sim.rules.bucket") is bucket
    assert importlib.import_module("apigw_sim.engine.model").Model is Model
    tale(partial(run_on, "simpy"))
