"""Who may call, case by case, as the developer guide's page on the authorization flow and the one on authorizers have it.

The tables are written out from AWS's words (facts 7 and 9.1), a line a case; the rules must fill them all.
"""

from __future__ import annotations

from itertools import product

import pytest

from apigw_sim.rules import authorization as rule
from apigw_sim.rules import reason

WHO = {
    "valid": rule.VALID, "denied": rule.DENIED, "missing": rule.MISSING, "invalid": rule.INVALID,
    "expired": rule.EXPIRED,
}  # fmt: skip
POLICY = {"none": rule.NO_POLICY, "allow": rule.ALLOWS, "deny": rule.DENIES, "silent": rule.SILENT}
KIND = {"open": rule.NO_AUTHORIZER, "lambda": rule.LAMBDA, "pool": rule.COGNITO, "iam": rule.IAM}

# What a caller gets in the end, by resource policy: none, an Allow, a Deny, neither.
# 403 d: ACCESS_DENIED, 403 t: MISSING_AUTHENTICATION_TOKEN, 403 s: INVALID_SIGNATURE, 403 e: EXPIRED_TOKEN
OUTCOMES = """
open    valid    200    200    403 d  403 d
open    denied   200    200    403 d  403 d
open    missing  200    200    403 d  403 d
open    invalid  200    200    403 d  403 d
open    expired  200    200    403 d  403 d
lambda  valid    200    200    403 d  200
lambda  denied   403 d  403 d  403 d  403 d
lambda  missing  401    401    403 d  401
lambda  invalid  401    401    403 d  401
lambda  expired  401    401    403 d  401
pool    valid    200    200    403 d  403 d
pool    denied   401    401    401    401
pool    missing  401    401    401    401
pool    invalid  401    401    401    401
pool    expired  401    401    401    401
iam     valid    200    200    403 d  200
iam     denied   403 d  200    403 d  403 d
iam     missing  403 t  403 t  403 t  403 t
iam     invalid  403 s  403 s  403 s  403 s
iam     expired  403 e  403 e  403 e  403 e
"""
ANSWERS = {
    "200": "OK", "401": "UNAUTHORIZED", "403 d": "ACCESS_DENIED", "403 t": "MISSING_AUTHENTICATION_TOKEN",
    "403 s": "INVALID_SIGNATURE", "403 e": "EXPIRED_TOKEN",
}  # fmt: skip


def cases() -> list[tuple[str, str, str, str]]:
    found = []
    for line in OUTCOMES.strip().splitlines():
        kind, who = line[:8].strip(), line[8:17].strip()
        cells = [line[17 + 7 * n : 24 + 7 * n].strip() for n in range(4)]
        found += [(kind, who, policy, ANSWERS[cell]) for policy, cell in zip(POLICY, cells, strict=True)]
    return found


@pytest.mark.parametrize(("kind", "who", "policy", "answer"), cases())
def test_what_a_caller_gets_in_the_end(kind: str, who: str, policy: str, answer: str) -> None:
    of = KIND[kind], POLICY[policy], WHO[who]
    why = rule.turned_away(*of, True, False)
    if why == reason.OK and kind != "open":
        why = rule.decided(*of)
    assert reason.REASONS[why].name == answer


def test_the_table_has_every_case() -> None:
    assert {case[:3] for case in cases()} == set(product(KIND, WHO, POLICY))


@pytest.mark.parametrize(
    ("kind", "who", "policy", "needs", "caught", "answer"),
    [
        # before an authorizer is asked: a Deny stops a Lambda authorizer, and no other
        ("lambda", "valid", "deny", True, False, "ACCESS_DENIED"),
        ("pool", "valid", "deny", True, False, "OK"),
        ("iam", "valid", "deny", False, False, "OK"),
        # with caching off a REQUEST authorizer is asked whoever comes
        ("lambda", "missing", "none", True, False, "UNAUTHORIZED"),
        ("lambda", "missing", "none", False, False, "OK"),
        # a validation expression stops only what nobody would accept
        ("lambda", "invalid", "none", True, True, "UNAUTHORIZED"),
        ("lambda", "valid", "none", True, True, "OK"),
        ("lambda", "denied", "none", True, True, "OK"),
        # ... and an expired token looks as a good one does: it costs an invocation
        ("lambda", "expired", "none", True, True, "OK"),
    ],
)
def test_who_is_turned_away_before_the_authorizer_is_asked(
    kind: str, who: str, policy: str, needs: bool, caught: bool, answer: str
) -> None:
    why = rule.turned_away(KIND[kind], POLICY[policy], WHO[who], needs, caught)
    assert reason.REASONS[why].name == answer


def test_a_cached_result_is_a_policy_or_a_good_token() -> None:
    kept = {(kind, who) for kind in ("lambda", "pool") for who in WHO if rule.is_cached(KIND[kind], WHO[who])}
    assert kept == {("lambda", "valid"), ("lambda", "denied"), ("pool", "valid")}


@pytest.mark.parametrize(
    ("kind", "who", "answer", "cached"),
    [
        ("SIMPLE", "valid", "OK", True),
        ("SIMPLE", "denied", "ACCESS_DENIED", True),
        ("SIMPLE", "missing", "ACCESS_DENIED", True),  # where it is asked at all
        ("SIMPLE", "invalid", "ACCESS_DENIED", True),
        ("JWT", "valid", "OK", True),
        ("JWT", "denied", "ACCESS_DENIED", False),
        ("JWT", "missing", "UNAUTHORIZED", False),
        ("JWT", "invalid", "UNAUTHORIZED", False),
        ("SIMPLE", "expired", "ACCESS_DENIED", True),
        ("JWT", "expired", "UNAUTHORIZED", False),
    ],
)
def test_what_the_authorizers_of_http_apis_decide(kind: str, who: str, answer: str, cached: bool) -> None:
    of = getattr(rule, kind)
    assert reason.REASONS[rule.decided(of, rule.NO_POLICY, WHO[who])].name == answer
    assert rule.is_cached(of, WHO[who]) == cached


def test_which_kinds_invoke_a_function_and_which_look_for_what_they_have_cached() -> None:
    kinds = ("NO_AUTHORIZER", "LAMBDA", "COGNITO", "IAM", "SIMPLE", "JWT")
    assert {kind for kind in kinds if rule.invokes(getattr(rule, kind))} == {"LAMBDA", "SIMPLE"}
    assert {kind for kind in kinds if not rule.keeps(getattr(rule, kind))} == {"IAM", "JWT"}


def test_what_an_identity_is_worth_by_its_word() -> None:
    """Each threshold is the first word of the next kind; a share of nothing has no word."""
    edges = (10, 10, 30, 35)
    worth = {word: rule.standing_of(word, *edges) for word in (0, 9, 10, 29, 30, 34, 35, (1 << 63) - 1)}
    assert worth == {
        0: rule.VALID, 9: rule.VALID, 10: rule.MISSING, 29: rule.MISSING, 30: rule.EXPIRED, 34: rule.EXPIRED,
        35: rule.INVALID, (1 << 63) - 1: rule.INVALID,
    }  # fmt: skip
    assert rule.standing_of(15, 10, 20, 30, 30) == rule.DENIED
    assert rule.standing_of(30, 10, 20, 30, 30) == rule.INVALID
