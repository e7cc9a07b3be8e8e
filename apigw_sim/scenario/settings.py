"""The run, the account, and what AWS leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from apigw_sim import quotas, units
from apigw_sim.scenario.aliases import Callee
from apigw_sim.scenario.base import NONE, Bad, Leaf, Part, dump, nested, one_key
from apigw_sim.scenario.laws import DurationLaw, Percentiles, Uniform
from apigw_sim.scenario.quantities import (
    Count,
    Duration,
    Flag,
    Instant,
    Name,
    PositiveCount,
    PositiveDuration,
    Region,
    Share,
    Size,
    Words,
    one_of,
    quantity,
    quantity_schema,
)
from apigw_sim.scenario.responses import ReasonName

TRACE: Literal["trace"] = "trace"
BURST_NOTE = "a bucket holds 9,000,000 tokens at most"

ThrottleRate = Annotated[
    Fraction,
    quantity("rate", high=quotas.count("throttle_rate_max"), step=Fraction(1, 1000)),
]
Burst = Annotated[int, quantity("count", high=quotas.count("throttle_burst_max"), note=BURST_NOTE)]


class Throttle(Part):
    """A token bucket: requests per second, and how many may come at once."""

    rate: ThrottleRate = Field(
        description="tokens added, a multiple of 0.001/s; 0/s never refills", examples=["100/s"]
    )
    burst: Burst = Field(
        description="the bucket's capacity, in requests; 0 refuses everything", examples=[200]
    )


class NewConnections(Throttle):
    """How many connections to WebSocket APIs may be opened."""

    rate: ThrottleRate = Field(
        quotas.rate("websocket_connections_rate"), description="new connections per second"
    )
    burst: Burst = Field(
        quotas.count("websocket_connections_rate"),
        description="how many may come at once; AWS names the rate alone, and a second's are taken for it",
    )


class Run(Part):
    """What span of time is simulated, and how it is reported."""

    duration: Annotated[
        int | Literal["trace"], quantity("duration", above=0, note="write a longer one", words=("trace",))
    ] = Field(
        description="simulated time, warm_up included; `trace` is the length of the longest trace's window",
        examples=["10 min"],
    )
    warm_up: Duration = Field(0, description="simulated, but left out of the summary")
    period: PositiveDuration = Field(units.MINUTE, description="the period of the metrics")
    method_series: Annotated[Literal["where_enabled", "always"], one_of("where_enabled", "always")] = Field(
        "where_enabled",
        description="which methods have series of their own in the metrics: those with detailed metrics, as in "
        "CloudWatch, or all of them",
    )
    seed: Count = Field(
        1, description="the seed of all randomness; the same scenario and seed give the same records"
    )
    start: Instant = Field(
        datetime(2026, 1, 1, tzinfo=UTC), description="the instant of time 0, with its offset from UTC"
    )


class UsedElsewhere(Part):
    """What the rest of the account takes."""

    rate: ThrottleRate = Field(
        Fraction(0), description="requests per second taken from the account's throttle"
    )
    lambda_concurrency: Count = Field(0, description="concurrent executions taken from the account's limit")


class Account(Part):
    """The account's limits in its Region."""

    region: Region = Field("us-east-1", description="the Region's code")
    throttle: Throttle = Field(
        default_factory=lambda: region_throttle("us-east-1"),
        description="one bucket for every API of the account; default: the Region's",
    )
    websocket_connections: NewConnections = Field(
        NewConnections(), description="one bucket for new connections to every WebSocket API of the account"
    )
    start_execution: Throttle | None = Field(
        None,
        description="one bucket for StartExecution of all standard state machines; default: the Region's",
    )
    start_express_execution: Throttle | None = Field(
        None,
        description="one bucket for StartExecution of all express state machines; default: 6,000/s, burst 6,000",
    )
    lambda_concurrency: PositiveCount = Field(
        quotas.count("lambda_concurrency"), description="concurrent executions of all functions together"
    )
    used_elsewhere: UsedElsewhere = Field(
        UsedElsewhere(), description="what the rest of the account takes from both"
    )
    integration_timeout_limit: Annotated[
        int,
        quantity(
            "duration",
            quotas.count("integration_timeout_min"),
            quotas.count("integration_timeout_raisable_to"),
            note="AWS raises the limit of Regional APIs to 300 s at most",
        ),
    ] = Field(
        quotas.count("integration_timeout_max"), description="the longest integration timeout AWS has granted"
    )
    lambda_scaling: Annotated[int | Literal["none"], quantity("count", 1, words=(NONE,))] = Field(
        quotas.count("lambda_scaling"),
        description="new environments in any 10 s, per function; none: no limit",
    )
    lambda_requests_per_concurrency: Annotated[int | Literal["none"], quantity("count", 1, words=(NONE,))] = (
        Field(
            quotas.count("lambda_requests_per_concurrency"),
            description="requests per second and unit of concurrency; none: no limit",
        )
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_throttle(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        region = value.get("region", "us-east-1")
        given = value.get("throttle", {})
        if not isinstance(region, str) or region not in quotas.regions() or not isinstance(given, Mapping):
            region = "us-east-1"
        if not isinstance(given, Mapping):
            return value
        rate, burst = quotas.account_throttle(region)
        return {**value, "throttle": {"rate": units.show_rate(rate), "burst": burst, **given}}


def region_throttle(region: str) -> Throttle:
    """The account's default throttle in a Region."""
    rate, burst = quotas.account_throttle(region)
    return Throttle.model_construct(rate=rate, burst=burst)


def _lognormal(p50: int, p99: int) -> Percentiles:
    points = ((Fraction(50, 100), p50 * units.MS), (Fraction(99, 100), p99 * units.MS))
    return Percentiles(points=points)


def _read_too_large(value: object) -> int:
    if value not in (413, 500) or isinstance(value, bool):
        raise Bad(f"{units.show(value)} is no status for it", "write 413 or 500")
    return int(str(value))


IDEAL: Literal["ideal"] = "ideal"


class Partitioned(Part):
    """Throttles that several hosts enforce, each for the requests that come to it, without knowing of the others."""

    hosts: Annotated[int, quantity("count", 2, 64)] = Field(
        description="how many hosts there are; each request comes to any of them alike", examples=[4]
    )
    each: Annotated[Literal["share", "burst"], one_of("share", "burst")] = Field(
        "share",
        description="what a host's bucket holds: its share of the burst, one token at least, or the whole burst; its "
        "rate is its share",
    )


def _read_throttling(value: object) -> Literal["ideal"] | Partitioned:
    if value == IDEAL:
        return IDEAL
    fix = "write ideal, or {partitioned: {hosts: 4, each: share}}"
    if not isinstance(value, Mapping):
        raise Bad(f"{units.show(value)} is no model of throttling", fix)
    form, inner = one_key(value, ("partitioned",), fix)
    return nested(Partitioned, inner, form)


Throttling = Annotated[
    Literal["ideal"] | Partitioned,
    Leaf(
        _read_throttling,
        lambda value: value if value == IDEAL else {"partitioned": dump(value)},
        lambda: {"enum": [IDEAL]},
        keyed=(("partitioned", Partitioned),),
    ),
]


def _read_throttled(value: object) -> int:
    if value not in (503, 500) or isinstance(value, bool):
        raise Bad(f"{units.show(value)} is no status for it", "write 503 or 500")
    return int(str(value))


def _read_interval(value: object) -> int:
    got = units.duration(value)
    if not got or units.MINUTE % got or got % units.SECOND:
        raise Bad(f"{units.show(value)} is no part of a minute", "write 1 s, 5 s, 10 s, 30 s or 60 s")
    return got


class Assumptions(Part):
    """What AWS leaves open: each a setting with a stated default."""

    throttling: Throttling = Field(
        IDEAL,
        description="how exactly throttles are kept: AWS calls them targets, so ideal buckets or parts on several hosts",
    )
    account_throttle_position: Annotated[
        Literal["after_usage_plan", "front", "before_waf"], one_of("after_usage_plan", "front", "before_waf")
    ] = Field(
        "after_usage_plan",
        description="where the account's throttle stands: after plan and method, in front of all but AWS WAF, or before "
        "that too, so that what it blocks spends the account's tokens",
    )
    token_accounting: Annotated[Literal["all_or_none", "as_you_go"], one_of("all_or_none", "as_you_go")] = (
        Field(
            "all_or_none",
            description="whether a request refused at one level spends tokens at the levels before it",
        )
    )
    usage_plan_bucket: Annotated[Literal["key", "key_and_method"], one_of("key", "key_and_method")] = Field(
        "key", description="whether a usage plan's throttle is one bucket a key, or one a key and method"
    )
    throttled_counts_to_quota: Flag = Field(
        False, description="whether a throttled request counts toward the quota"
    )
    quota_week_starts: Annotated[
        Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"],
        one_of("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY", noun="day"),
    ] = Field("MONDAY", description="the day, in UTC, on which a WEEK quota starts")
    scaling_rate_model: Annotated[Literal["window", "bucket"], one_of("window", "bucket")] = Field(
        "window", description="Lambda's scaling rate: so many in any 10 s, or a bucket refilled continuously"
    )
    lambda_request_burst: PositiveDuration = Field(
        units.SECOND, description="how much of ten requests a second per concurrency may come at once"
    )
    cache_error_responses: Flag = Field(True, description="whether a backend's non-2XX answers are cached")
    max_age_0_is_a_miss: Flag = Field(
        True, description="whether an invalidating request counts as CacheMissCount"
    )
    encryption_overhead: Size = Field(0, description="what encryption adds to the size of a cached response")
    cache_hit_time: Duration = Field(units.MS, description="what a cache hit takes besides the overhead")
    size_check_position: Annotated[
        Literal["before_cache", "after_cache"], one_of("before_cache", "after_cache")
    ] = Field(
        "before_cache", description="whether a too large request is refused before or after the cache lookup"
    )
    validation_position: Annotated[
        Literal["before_cache", "after_cache"], one_of("before_cache", "after_cache")
    ] = Field(
        "before_cache",
        description="whether a request is validated before the cache lookup, or only if that misses",
    )
    lambda_request_too_large: Annotated[int, Leaf(_read_too_large, int, lambda: {"enum": [413, 500]})] = (
        Field(
            413,
            description="the status of a request within the gateway's 10 MB and above what an invocation takes",
        )
    )
    unknown_resource: Annotated[
        Literal["MISSING_AUTHENTICATION_TOKEN", "RESOURCE_NOT_FOUND"],
        one_of("MISSING_AUTHENTICATION_TOKEN", "RESOURCE_NOT_FOUND"),
    ] = Field(
        "MISSING_AUTHENTICATION_TOKEN",
        description="what a REST API answers where no method matches: 403, as measured, or the documented 404",
    )
    rare_502_at_load: Share = Field(
        Fraction(0),
        description="of the answers of functions behind proxy integrations, those that are lost to a 502",
    )
    unmetered: tuple[ReasonName, ...] = Field(
        ("REQUEST_TOO_LARGE", "HEADERS_TOO_LARGE", "GATEWAY_UNAVAILABLE"),
        description="reasons of answers of which CloudWatch has no metrics; the summary counts them",
    )
    rest_overhead: DurationLaw = Field(_lognormal(8, 30), description="what a REST API adds to a request")
    http_overhead: DurationLaw = Field(_lognormal(4, 10), description="what an HTTP API adds to a request")
    http_lambda_throttled: Annotated[int, Leaf(_read_throttled, int, lambda: {"enum": [503, 500]})] = Field(
        503, description="the status with which an HTTP API answers where Lambda refuses an invocation"
    )
    edge_backbone: Share = Field(
        Fraction(1), description="what is left of a client's way beyond its POP over AWS's own backbone"
    )
    lambda_overhead: DurationLaw = Field(
        _lognormal(8, 40), description="what Lambda's service adds to an invocation"
    )
    service_latency: DurationLaw = Field(
        _lognormal(10, 50), description="what an AWS service behind an integration takes for a request"
    )
    service_burst: Annotated[int, quantity("duration", units.MS, units.MINUTE)] = Field(
        units.SECOND,
        description="how much of its rate an AWS service takes at once whose rate alone is known: a shard, a table on "
        "demand",
    )
    firehose_buffers: Annotated[Literal["stream", "shard"], one_of("stream", "shard")] = Field(
        "stream",
        description="whether Firehose has one buffer for a data stream that it reads, or one for each of its shards",
    )
    event_source_backoff: PositiveDuration = Field(
        units.SECOND,
        description="how long a mapping waits before it offers a batch again that Lambda refused",
    )
    authorizer_wait: PositiveDuration = Field(
        30 * units.SECOND, description="how long the gateway waits for a Lambda authorizer: 500 after it"
    )
    authorizer_throttled: Annotated[
        Literal["AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE"],
        one_of("AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE"),
    ] = Field(
        "AUTHORIZER_CONFIGURATION_ERROR",
        description="the gateway response, a 500, where Lambda refuses to invoke an authorizer",
    )
    authorizer_malformed: Annotated[
        Literal["AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR"],
        one_of("AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR"),
    ] = Field(
        "AUTHORIZER_FAILURE",
        description="the gateway response, a 500, where an authorizer answers with no proper policy",
    )
    authorization_time: DurationLaw = Field(
        _lognormal(2, 10), description="what checking a user pool's token or a signature takes"
    )
    browser_max_age: Duration = Field(
        2 * units.HOUR,
        description="the longest that a browser remembers a preflight's permission, whatever it is told: Chromium's",
    )
    health_checkers: Annotated[int, quantity("count", 1, 64)] = Field(
        15,
        description="how many checkers of Route 53 check a target's health, one after the other in an interval",
    )
    waf_check_interval: Annotated[
        int, Leaf(_read_interval, units.show_duration, lambda: quantity_schema("duration"))
    ] = Field(
        10 * units.SECOND,
        description="how often a rate-based rule of AWS WAF counts anew: a part of a minute",
    )
    waf_check_delay: Annotated[int, quantity("duration", 0, 10 * units.MINUTE)] = Field(
        10 * units.SECOND, description="how long after a count a rate-based rule acts on it"
    )
    provisioning: DurationLaw = Field(
        Uniform(min=50 * units.MS, max=150 * units.MS),
        description="making an environment and fetching its code, before Init",
    )
    snap_start_restore: DurationLaw = Field(
        Uniform(min=100 * units.MS, max=400 * units.MS),
        description="restoring an environment from a snapshot, where a function's snap_start does not say",
    )
    provisioned_preparation: PositiveDuration = Field(
        90 * units.SECOND, description="preparing provisioned concurrency, before its environments are made"
    )
    canary_series: Flag = Field(
        True, description="whether CloudWatch shows a canary beside its stage, as the stage STAGE/Canary"
    )
    metrics_stamp: Annotated[Literal["answer", "arrival"], one_of("answer", "arrival")] = Field(
        "answer", description="which instant of a request decides the period it is counted in"
    )
    metrics_delay: Duration = Field(
        units.MINUTE, description="how long after a period's end an alarm sees its data"
    )
    alarm_extra_datapoints: Annotated[int, quantity("count", 0, 100)] = Field(
        2, description="datapoints that an alarm retrieves beyond its N, should the latest be missing"
    )


class Advice(Part):
    """How `check` advises."""

    ignore: tuple[Words, ...] = Field((), description="rule ids that stay silent, such as THR005")


class Initial(Part):
    """How the run starts; without it, no environments, an empty cache, full buckets, unused quotas."""

    environments: dict[Callee, Count] = Field(
        {}, description="idle environments of a function, or of NAME:VERSION, at the start"
    )
    cache: Annotated[Literal["empty"], one_of("empty", noun="state of the cache")] = Field(
        "empty", description="the cache starts empty"
    )
    tokens: dict[Words, Count] = Field({}, description="tokens at the start, by the path of a throttle")
    quota_used: dict[Name, Count] = Field({}, description="requests of the quota already used, by API key")
