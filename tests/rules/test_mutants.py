"""Each leaf rule with a fault put in: its twin notices, which proves the twin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
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

import apigw_sim.rules

FOLDER = Path(apigw_sim.rules.__file__).parent

MUTANTS = [
    (buckets_agree, "bucket", "return level + gained", "return level + gained - 1"),
    (buckets_agree, "bucket", "(missing + rate - 1) // rate", "missing // rate"),
    (buckets_agree, "bucket", "gained >= missing", "gained > missing + TOKEN"),
    (buckets_agree, "bucket", "rate > 0 and idle >=", "rate > 0 or idle >="),
    (buckets_agree, "bucket", "if level > full:", "if level < full:"),
    (buckets_agree, "bucket", "(TOKEN - level + rate - 1) // rate", "(TOKEN - level) // rate"),
    (buckets_agree, "bucket", "if level >= TOKEN:", "if level > TOKEN:"),
    (windows_agree, "window", "now - nth_last >= span", "now - nth_last > span"),
    (windows_agree, "window", "nth_last < 0 or", "nth_last <= 0 or"),
    (windows_agree, "window", "used < limit", "used <= limit"),
    (windows_agree, "window", "+ 999_999)", "+ 1_000_000)"),
    (picks_agree, "pick", "return word < threshold", "return word <= threshold"),
    (picks_agree, "pick", "if word < thresholds[middle]", "if word <= thresholds[middle]"),
    (picks_agree, "pick", "((word >> 27) * n) >> 36", "word % n"),
    (picks_agree, "pick", "4294967295) < (entry", "4294967295) <= (entry"),
    (quantiles_agree, "quantile", "word < top:", "word <= top:"),
    (quantiles_agree, "quantile", "word >= 4_611_686_018_427_387_904", "word > 4_611_686_018_427_387_904"),
    (quantiles_agree, "quantile", "table[here + step] - low)", "table[here + step] - low + 1)"),
    (quantiles_agree, "quantile", "& 65535", "& 65534"),
    (quantiles_agree, "quantile", "step = -1 if upper", "step = 0 if upper"),
    (quantiles_rise, "quantile", "9_223_372_036_854_775_807 - word", "word - 4_611_686_018_427_387_904"),
    (backoffs_agree, "backoff", "(span + 1)) >> 20", "span) >> 20"),
    (backoffs_agree, "backoff", "top = previous * 3", "top = previous * 2"),
    (backoffs_agree, "backoff", "if wait > cap:", "if wait < cap:"),
    (backoffs_agree, "backoff", "    if top > cap:\n        top = cap\n", ""),
    (backoffs_agree, "backoff", "top // 2 + part", "top // 2 + 1 + part"),
    (answers_agree, "reason", "status >= 500", "status > 500"),
    (answers_agree, "reason", "status >= 400", "status > 400"),
    (responses_agree, "response", "            return place\n", "            default = place\n"),
    (responses_agree, "response", "codes[place] == ANY", "codes[place] <= ANY"),
    (responses_agree, "response", "default = -1", "default = 0"),
    (quotas_agree, "retry", "return tokens - cost", "return tokens - cost - 1"),
    (quotas_agree, "retry", "cost if cost > 0 else 1", "cost if cost > 0 else 0"),
    (quotas_agree, "retry", "full if tokens > full else tokens", "tokens"),
    (budgets_agree, "retry", "full if budget > full else budget", "budget"),
    (budgets_agree, "retry", "budget += share", "budget += share + 1"),
    (breakers_agree, "breaker", "now >= until", "now > until"),
    (breakers_agree, "breaker", "probing < probes", "probing <= probes"),
    (breakers_agree, "breaker", "(1 << window) - 1", "(1 << window)"),
    (breakers_agree, "breaker", "seen >= least", "seen > least"),
    (breakers_agree, "breaker", ">= share * seen", "> share * seen"),
    (limiters_agree, "limiter", "most * 750", "most * 1750"),
    (limiters_agree, "limiter", "// 2500 + most", "// 2400 + most"),
    (limiters_agree, "limiter", "rate * 7 // 10", "rate * 8 // 10"),
    (limiters_agree, "limiter", "// slots * 8 + rate * 2", "// slots * 7 + rate * 3"),
    (
        limiters_agree,
        "limiter",
        "if rate > 2 * seen:\n        rate = 2 * seen",
        "if rate > 3 * seen:\n        rate = 3 * seen",
    ),
    (limiters_agree, "limiter", "LEAST_RATE if rate < LEAST_RATE else rate", "rate"),
    (limiters_agree, "limiter", "ONE if rate < ONE else rate", "rate"),
    (limiters_agree, "limiter", "us * rate // ONE", "us * rate // ONE // 2"),
    (cube_roots_agree, "limiter", "more * more * more <= n", "more * more * more < n"),
    (waits_are_least, "limiter", "(owed % rate * ONE + rate - 1) // rate", "owed % rate * ONE // rate"),
    (waits_are_least, "limiter", "+ rate - 1) // rate) * 1000", "+ rate - 1) // rate + 1) * 1000"),
]


def mutant(rule: str, old: str, new: str) -> ModuleType:
    """A rule's module with one place of its text changed."""
    text = (FOLDER / f"{rule}.py").read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {rule}.py: write the mutant anew"
    made = ModuleType(rule)
    exec(compile(text.replace(old, new), f"{rule}.py", "exec"), vars(made))
    return made


@pytest.mark.parametrize(
    ("check", "rule", "old", "new"), MUTANTS, ids=[f"{m[1]}: {m[2][-30:].strip()}" for m in MUTANTS]
)
def test_a_twin_notices_the_fault(check: Callable[[ModuleType], None], rule: str, old: str, new: str) -> None:
    check(mutant(rule, old, old))
    with pytest.raises(AssertionError):
        check(mutant(rule, old, new))


def test_integers_that_refuse_to_leave_64_bits_notice_an_overflow() -> None:
    """Unless a long idle time is held against the time to full first, a year at 10,000/s multiplies beyond 64 bits."""
    always = mutant("bucket", "if idle > SECOND and", "if idle < 0 and")
    buckets_agree(always)
    with pytest.raises(OverflowError):
        always.refill(
            Int64(0), Int64(0), Int64(31_536_000 * 10**9), Int64(10_000_000), Int64(5_000 * always.TOKEN)
        )
