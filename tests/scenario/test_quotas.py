"""Limits of AWS as data: each with its source, and the values the facts give."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from apigw_sim import quotas, units


def test_every_limit_has_its_source_and_the_day_it_was_read() -> None:
    for quota in quotas.limits().values():
        assert quota.page, quota.name
        assert quota.unit, quota.name
        assert quota.scope, quota.name
        assert quota.adjustable in ("yes", "no", "by AWS"), quota.name
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", quota.read), quota.name


def test_thirteen_regions_have_the_small_throttle() -> None:
    small = [
        region for region in quotas.regions() if quotas.account_throttle(region) == (Fraction(2500), 1250)
    ]
    others = [
        region for region in quotas.regions() if quotas.account_throttle(region) == (Fraction(10000), 5000)
    ]
    assert len(small) == 13
    assert len(small) + len(others) == len(quotas.regions())
    assert "eu-south-1" in small
    assert "ap-northeast-2" in others


def test_cache_sizes_are_the_whole_size() -> None:
    sizes = quotas.cache_sizes()
    assert len(sizes) == 8
    assert all(units.size(name) == usable for name, usable in sizes.items())


def test_the_unreserved_floor() -> None:
    assert quotas.unreserved_floor(1000) == 100
    assert quotas.unreserved_floor(10) == 10


def test_init_percentiles_increase() -> None:
    for name, points in quotas.runtimes().items():
        assert list(points) == ["p50", "p90", "p99"], name
        assert sorted(points.values()) == list(points.values()), name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("integration_timeout", 29 * units.SECOND),
        ("integration_timeout_min", 50 * units.MS),
        ("lambda_timeout_max", 900 * units.SECOND),
        ("lambda_memory_min", 128 * units.MB),
        ("cache_entry_max", 1_048_576),
        ("payload_max", 10_485_760),
        ("cache_ttl", 300 * units.SECOND),
        ("throttle_burst_max", 9_000_000),
    ],
)
def test_values(name: str, value: int) -> None:
    assert quotas.count(name) == value
