"""The leaf rules beside their slow twins, once in plain integers and once in integers that refuse to leave 64 bits."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest
from rules.client_twins import (
    breakers_agree,
    budgets_agree,
    cube_roots_agree,
    limiters_agree,
    quotas_agree,
    waits_are_least,
)
from rules.twins import (
    Int64,
    answers_agree,
    backoffs_agree,
    buckets_agree,
    picks_agree,
    quantiles_agree,
    quantiles_rise,
    responses_agree,
    windows_agree,
)

from apigw_sim.rules import backoff, breaker, bucket, limiter, pick, quantile, reason, response, retry, window

CHECKS = [
    (buckets_agree, bucket), (windows_agree, window), (picks_agree, pick), (quantiles_agree, quantile),
    (quantiles_rise, quantile), (backoffs_agree, backoff), (answers_agree, reason), (responses_agree, response),
    (quotas_agree, retry), (budgets_agree, retry), (breakers_agree, breaker), (limiters_agree, limiter),
    (cube_roots_agree, limiter), (waits_are_least, limiter),
]  # fmt: skip


@pytest.mark.parametrize(("check", "rule"), CHECKS, ids=[check.__name__ for check, _ in CHECKS])
@pytest.mark.parametrize("number", [int, Int64])
def test_a_rule_agrees_with_its_twin(
    check: Callable[..., None], rule: ModuleType, number: Callable[[int], int]
) -> None:
    for seed in range(3):
        check(rule, number, seed)


def test_the_integers_that_refuse_would_notice() -> None:
    most = Int64((1 << 63) - 1)
    assert most // 2 + 1 == 1 << 62
    assert type(1 + Int64(2)) is type(Int64(2) >> 1) is Int64
    for wrong in (lambda: most + 1, lambda: 2 * most, lambda: -most - 2, lambda: Int64(1) << 63):
        with pytest.raises(OverflowError):
            wrong()
    for wrong in (lambda: most / 2, lambda: 2**most, lambda: float(most)):
        with pytest.raises(TypeError):
            wrong()


# the bucket, by hand


def test_at_10_a_second_burst_1_fed_every_tenth_of_a_second_nothing_is_refused() -> None:
    """A bucket in float seconds refuses 38 % of this."""
    level, rate = bucket.TOKEN, 10_000
    for _ in range(1_000):
        assert level >= bucket.TOKEN
        level = bucket.refill(level - bucket.TOKEN, 0, 100_000_000, rate, bucket.TOKEN)


@pytest.mark.parametrize(
    ("number", "instants", "admitted"),
    [
        (1, [(ms * 1_000_000, 10) for ms in range(1_000)], 10_000),
        (2, [(0, 10_000)], 5_000),
        (3, [(0, 5_000), *((ms * 1_000_000, 5) for ms in range(1, 999)), (999_000_000, 10)], 10_000),
        (4, [(0, 5_000), (100_000_000, 5_000)], 6_000),
        (
            5,
            [(0, 5_000), (100_000_000, 1_000), *((101_000_000 + k * 224_750, 1) for k in range(4_000))],
            10_000,
        ),
    ],
)
def test_awss_five_examples_on_the_rule_alone(
    number: int, instants: list[tuple[int, int]], admitted: int
) -> None:
    level, at, full, passed = 5_000 * bucket.TOKEN, 0, 5_000 * bucket.TOKEN, 0
    for now, count in instants:
        level, at = bucket.refill(level, at, now, 10_000_000, full), now
        for _ in range(count):
            if level >= bucket.TOKEN:
                level -= bucket.TOKEN
                passed += 1
    assert sum(count for _, count in instants) == 10_000
    assert passed == admitted


def test_a_bucket_is_exact_after_a_hundred_years_of_idleness() -> None:
    """The idle time is cut to the time to full before it is multiplied, which would leave 64 bits."""
    now, full = Int64(36_500 * 86_400 * 10**9), Int64(bucket.MOST_TOKENS * bucket.TOKEN)
    assert bucket.refill(Int64(0), Int64(0), now, Int64(10**12), full) == full
    assert bucket.refill(Int64(0), Int64(0), now, Int64(1), full) == now


def test_how_long_until_a_token_is_there() -> None:
    """At 3/s, 3,000 units a ns, an empty bucket holds a token after 333,333,334 ns and not one ns before."""
    assert bucket.wait(0, 3_000) == 333_333_334
    assert bucket.refill(0, 0, 333_333_334, 3_000, bucket.TOKEN) >= bucket.TOKEN
    assert bucket.refill(0, 0, 333_333_333, 3_000, bucket.TOKEN) < bucket.TOKEN
    assert (bucket.wait(bucket.TOKEN, 0), bucket.wait(bucket.TOKEN - 1, 0)) == (0, -1)


# the table of reasons


DESIGN = """OK, BACKEND_4XX, BACKEND_5XX, THROTTLED, QUOTA_EXCEEDED, INVALID_API_KEY, MISSING_AUTHENTICATION_TOKEN,
UNAUTHORIZED, ACCESS_DENIED, WAF_FILTERED, BAD_REQUEST_BODY, BAD_REQUEST_PARAMETERS, REQUEST_TOO_LARGE,
UNSUPPORTED_MEDIA_TYPE, CACHE_INVALIDATION_DENIED, INTEGRATION_TIMEOUT, INTEGRATION_FAILURE, LAMBDA_THROTTLED,
FUNCTION_ERROR, FUNCTION_TIMEOUT, MALFORMED_RESPONSE, RESPONSE_TOO_LARGE, AUTHORIZER_FAILURE,
AUTHORIZER_CONFIGURATION_ERROR, API_CONFIGURATION_ERROR, GATEWAY_UNAVAILABLE, URI_TOO_LONG, HEADERS_TOO_LARGE,
LAMBDA_REQUEST_TOO_LARGE, UNMAPPED_RESPONSE, BACKEND_RESPONSE_TOO_LARGE, BAD_GATEWAY_AT_LOAD,
INVALID_SIGNATURE, NO_MAPPING, NO_CERTIFICATE, SERVICE_THROTTLED, ROUTE_NOT_FOUND, EXPIRED_TOKEN,
RESOURCE_NOT_FOUND"""


def test_the_reasons_are_one_closed_list() -> None:
    assert [row.name for row in reason.REASONS] == DESIGN.replace("\n", " ").split(", ")


def test_every_status_of_a_refusal_is_the_one_that_aws_documents() -> None:
    by_status: dict[int, set[str]] = {}
    for row in reason.REASONS:
        by_status.setdefault(row.status, set()).add(row.name)
    assert by_status == {
        0: {"OK", "BACKEND_4XX", "BACKEND_5XX", "SERVICE_THROTTLED"},
        400: {"BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS"},
        401: {"UNAUTHORIZED"},
        403: {
            "INVALID_API_KEY", "MISSING_AUTHENTICATION_TOKEN", "ACCESS_DENIED", "WAF_FILTERED", "CACHE_INVALIDATION_DENIED",
            "INVALID_SIGNATURE", "NO_MAPPING", "NO_CERTIFICATE", "EXPIRED_TOKEN",
        },
        404: {"ROUTE_NOT_FOUND", "RESOURCE_NOT_FOUND"},
        413: {"REQUEST_TOO_LARGE", "LAMBDA_REQUEST_TOO_LARGE"},
        414: {"URI_TOO_LONG"},
        415: {"UNSUPPORTED_MEDIA_TYPE"},
        429: {"THROTTLED", "QUOTA_EXCEEDED"},
        431: {"HEADERS_TOO_LARGE"},
        500: {
            "LAMBDA_THROTTLED", "AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR", "API_CONFIGURATION_ERROR",
            "UNMAPPED_RESPONSE", "BACKEND_RESPONSE_TOO_LARGE",
        },
        502: {
            "FUNCTION_ERROR", "FUNCTION_TIMEOUT", "MALFORMED_RESPONSE", "RESPONSE_TOO_LARGE", "BAD_GATEWAY_AT_LOAD",
        },
        503: {"GATEWAY_UNAVAILABLE"},
        504: {"INTEGRATION_TIMEOUT", "INTEGRATION_FAILURE"},
    }  # fmt: skip


def test_what_may_be_tried_again_is_what_the_facts_say() -> None:
    """429 THROTTLED yes, QUOTA_EXCEEDED no; 503 yes; 502 and 504 only if the call is idempotent."""
    may = {row.name: row.retryable for row in reason.REASONS}
    assert (may["THROTTLED"], may["QUOTA_EXCEEDED"], may["GATEWAY_UNAVAILABLE"]) == ("yes", "no", "yes")
    assert {may[name] for name in ("FUNCTION_ERROR", "INTEGRATION_TIMEOUT", "MALFORMED_RESPONSE")} == {
        "if idempotent"
    }
    assert {row.retryable for row in reason.REASONS if row.status in (400, 401, 403, 413, 415)} == {"no"}
