"""The assumptions that a scenario leans on: what AWS leaves open, and what changes if it is otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding
from apigw_sim.plan.changes import show
from apigw_sim.plan.reading import Reading
from apigw_sim.scenario.base import dump
from apigw_sim.scenario.settings import Assumptions


class Open(NamedTuple):
    """A question that AWS leaves open."""

    question: str
    """What AWS does not say."""
    otherwise: str
    """What changes if it is otherwise."""
    try_out: str
    """Another value, to see how much hangs on it."""
    source: str
    """The key of the page nearest to an answer."""


OPEN: dict[str, Open] = {
    "throttling": Open(
        "AWS applies throttles on a best-effort basis and calls them targets, and does not say how far they are missed",
        "on several hosts, each refuses by what it sees itself: clumps are refused sooner, and bursts pass n times where "
        "each host holds the whole burst",
        "{partitioned: {hosts: 4, each: burst}}",
        "AG:api-gateway-request-throttling",
    ),
    "account_throttle_position": Open(
        "AWS lists the account's throttle after the usage plan's and the method's, and not where it stands among all "
        "checks",
        "in front, a flood spends the account's tokens before its own limits refuse it, and starves the other APIs; before_waf "
        "does the same to what a web ACL blocks",
        "front",
        "AG:api-gateway-request-throttling",
    ),
    "token_accounting": Open(
        "AWS does not say whether a request that one level refuses has spent tokens at the levels before it",
        "as_you_go, refused requests empty the buckets before the one that refuses, and more is refused",
        "as_you_go",
        "AG:api-gateway-request-throttling",
    ),
    "usage_plan_bucket": Open(
        "AWS's pages conflict: a plan's throttle is one bucket a key, or one for each key and method",
        "by key and method, a key gets the plan's rate once for each method it calls",
        "key_and_method",
        "AG:api-gateway-api-usage-plans",
    ),
    "throttled_counts_to_quota": Open(
        "AWS does not say whether a throttled request counts toward the quota",
        "if it does, retries use quotas up sooner",
        "true",
        "AG:api-gateway-api-usage-plans",
    ),
    "quota_week_starts": Open(
        "AWS does not say on which day a WEEK quota begins anew",
        "on another day, quotas are full again at another midnight (UTC)",
        "SUNDAY",
        "AGAPI:api-quotasettings",
    ),
    "scaling_rate_model": Open(
        "AWS gives a function 1,000 new environments every 10 s, refilled continuously and not saved up, and does not "
        "say whether in any 10 s or by a bucket",
        "as a bucket, almost twice as many may start in the first 10 s of a surge",
        "bucket",
        "L:scaling-behavior",
    ),
    "lambda_request_burst": Open(
        "AWS gives ten requests a second for each unit of concurrency, and not how many of them may come at once",
        "with less, bursts to short functions are refused; with more, they are carried",
        "100 ms",
        "L:lambda-concurrency",
    ),
    "cache_error_responses": Open(
        "AWS does not say whether a backend's error is cached (a user saw a cached 429)",
        "if it is not, an error is not repeated for a whole TTL, and the backend gets more requests",
        "false",
        "AG:api-gateway-caching",
    ),
    "max_age_0_is_a_miss": Open(
        "AWS does not say whether a request that invalidates counts as CacheMissCount",
        "if it does not, CacheMissCount is smaller and nothing else changes",
        "false",
        "AG:api-gateway-metrics-and-dimensions",
    ),
    "encryption_overhead": Open(
        "AWS says that encryption may make a cached item larger, and not by how much",
        "with more, fewer entries fit, and answers just below 1 MB are not cached",
        "1 KB",
        "AG:api-gateway-caching",
    ),
    "cache_hit_time": Open(
        "AWS publishes no time for a cache hit",
        "with more, the Latency of hits grows by as much",
        "5 ms",
        "AG:api-gateway-caching",
    ),
    "size_check_position": Open(
        "AWS does not say whether a request above 10 MB is refused before the cache is looked up",
        "after it, a request that is too large may still be answered from the cache",
        "after_cache",
        "AG:api-gateway-execution-service-limits-table",
    ),
    "validation_position": Open(
        "AWS does not say whether a request is validated before the cache is looked up",
        "after it, a request that is not valid may still be answered from the cache, and its 400 comes later",
        "after_cache",
        "AG:api-gateway-method-request-validation",
    ),
    "lambda_request_too_large": Open(
        "AWS does not say what a client gets for a request within 10 MB that is above what an invocation takes "
        "(a user saw a 413)",
        "with 500 it counts as 5XXError, and clients that retry a 500 send it again",
        "500",
        "L:gettingstarted-limits",
    ),
    "unknown_resource": Open(
        "AWS documents a 404 RESOURCE_NOT_FOUND after authentication, and users measure a 403 for every path that no "
        "method serves",
        "as a 404 it is told apart from a missing signature; the class, 4XXError, is the same",
        "RESOURCE_NOT_FOUND",
        "AG:supported-gateway-response-types",
    ),
    "rare_502_at_load": Open(
        "AWS's old list of errors has an occasional 502 for out-of-order invocations under heavy load, and no share",
        "with more, so many answers of functions are lost after the work was done",
        "0.01 %",
        "AG:api-gateway-gatewayResponse-definition",
    ),
    "unmetered": Open(
        "AWS says that 413s, 431s, excessive 429s and 5xx of internal failures may leave no metrics, and not when",
        "with none, they are in Count and in the errors' rates; with THROTTLED, a flood of 429s shows nowhere",
        "[THROTTLED]",
        "AG:rest-api-monitor",
    ),
    "rest_overhead": Open(
        "AWS publishes no distribution of what a REST API itself adds to a request",
        "with more, Latency grows by as much, of refusals too; IntegrationLatency does not",
        "{p50: 20 ms, p99: 60 ms}",
        "AG:api-gateway-metrics-and-dimensions",
    ),
    "http_overhead": Open(
        "AWS says that an HTTP API adds less than 10 ms to 99 % of requests, and no distribution",
        "with more, Latency grows by as much, of refusals too; IntegrationLatency does not",
        "{p50: 8 ms, p99: 30 ms}",
        "AG:http-api-metrics",
    ),
    "http_lambda_throttled": Open(
        "AWS does not say what an HTTP API answers where Lambda refuses an invocation (users saw 503 and 500)",
        "with 500, clients that retry a 503 alone give up",
        "500",
        "AG:http-api-troubleshooting-lambda",
    ),
    "edge_backbone": Open(
        "AWS publishes no figures for the way from a POP to a Region",
        "where the backbone is faster than the internet, edge-optimized APIs answer distant clients sooner, also over "
        "connections that are open",
        "80 %",
        "AG:api-gateway-api-endpoint-types",
    ),
    "lambda_overhead": Open(
        "AWS publishes no distribution of what Lambda's service adds before a function runs",
        "with more, IntegrationLatency and Latency grow by as much; Duration and concurrency do not",
        "{p50: 20 ms, p99: 80 ms}",
        "L:monitoring-metrics-types",
    ),
    "service_latency": Open(
        "AWS publishes no latencies of its services behind an integration",
        "a slower service makes IntegrationLatency and Latency longer by as much",
        "100 ms",
        "AG:api-gateway-api-integration-types",
    ),
    "service_burst": Open(
        "AWS names what a shard takes in a second, or a table on demand, and not how it measures a second",
        "with less, requests that come together are refused at a lower rate; with more they pass",
        "100 ms",
        "Kinesis guide, service-sizes-and-limits",
    ),
    "firehose_buffers": Open(
        "AWS says that Firehose buffers in several channels once it has scaled, and that it scales with the data stream that it "
        "reads, and not how many there are",
        "with one for each shard there are more objects, and smaller ones",
        "shard",
        "re:Post, kinesis-small-files-s3",
    ),
    "event_source_backoff": Open(
        "AWS says that an event source mapping backs off when its function is throttled, and not for how long",
        "with a longer back-off the queue is worked off more slowly after Lambda has refused, with fewer Throttles",
        "5 s",
        "L:services-sqs-scaling",
    ),
    "authorizer_wait": Open(
        "AWS publishes no limit to how long a REST API waits for a Lambda authorizer",
        "with less, a slow authorizer is a 500 sooner; its function runs on in any case",
        "10 s",
        "AG:apigateway-use-lambda-authorizer",
    ),
    "authorizer_throttled": Open(
        "AWS does not say which gateway response a throttled authorizer leads to; both are a 500",
        "only the reason differs, and which customised gateway response is sent",
        "AUTHORIZER_FAILURE",
        "AG:supported-gateway-response-types",
    ),
    "authorizer_malformed": Open(
        "AWS does not say which gateway response an improper policy leads to; both are a 500",
        "only the reason differs, and which customised gateway response is sent",
        "AUTHORIZER_CONFIGURATION_ERROR",
        "AG:supported-gateway-response-types",
    ),
    "authorization_time": Open(
        "AWS publishes no time for checking a user pool's token or a signature",
        "with more, the Latency of these methods grows by as much",
        "{p50: 10 ms, p99: 50 ms}",
        "AG:api-gateway-variables-for-access-logging",
    ),
    "browser_max_age": Open(
        "Access-Control-Max-Age is cut by each browser to a length of its own: Chromium's is two hours, Firefox's a day",
        "with less, preflights are sent more often",
        "10 min",
        "AG:how-to-cors",
    ),
    "health_checkers": Open(
        "AWS says that an endpoint gets a health check about every two seconds at an interval of 30 s, not how many checkers "
        "there are; they do not coordinate, and stand evenly here",
        "with more, a target gets more requests, and 18 % of them are more",
        "24",
        "R53:dns-failover-determining-health-of-endpoints",
    ),
    "waf_check_interval": Open(
        "AWS says that a rate-based rule estimates the rate frequently, with more weight on recent requests, and not how",
        "with less, an address that sends too much is found sooner, and let go sooner",
        "1 s",
        "WAF:waf-rule-statement-type-rate-based-caveats",
    ),
    "waf_check_delay": Open(
        "AWS says that a rate-based rule acts late, usually by less than 30 s, and that it may be minutes",
        "with more, an attack lasts so much longer before it is blocked, and is blocked so much longer after its end",
        "30 s",
        "WAF:waf-rule-statement-type-rate-based-caveats",
    ),
    "provisioning": Open(
        "AWS publishes no distribution of what making an environment takes before Init",
        "with more, cold starts are slower and hold concurrency longer",
        "{uniform: {min: 100 ms, max: 400 ms}}",
        "L:lambda-runtime-environment",
    ),
    "snap_start_restore": Open(
        "AWS publishes no distribution of what restoring a snapshot takes",
        "with more, cold starts of published versions with SnapStart are slower",
        "300 ms",
        "L:snapstart",
    ),
    "provisioned_preparation": Open(
        "AWS says that one or two minutes of preparation come before provisioned concurrency is made",
        "with more, what is asked for comes later, and has to be asked for sooner",
        "2 min",
        "L:provisioned-concurrency",
    ),
    "canary_series": Open(
        "AWS keeps a canary's logs and metrics apart, and its list of dimensions has none for a canary",
        "without it only the stage's own figures are there, which hold the canary's",
        "false",
        "AG:canary-release",
    ),
    "metrics_stamp": Open(
        "AWS does not say whether a request counts in the minute in which it arrives or is answered",
        "by arrival, slow requests move to an earlier period; sums stay",
        "arrival",
        "AG:monitoring-cloudwatch",
    ),
    "metrics_delay": Open(
        "AWS sends metrics each minute and does not say how soon an alarm has those of the minute that has just ended",
        "later, every alarm rings and recovers so much later",
        "3 min",
        "CW:cloudwatch-concepts",
    ),
    "alarm_extra_datapoints": Open(
        "an alarm retrieves more datapoints than its N, should the latest be missing; AWS gives 5 for an N of 3 and no "
        "rule",
        "with more, alarms on metrics that come and go look further back for real datapoints",
        "0",
        "CW:alarms-and-missing-data",
    ),
}


def leant_on(case: Case) -> Iterator[Finding]:
    """The assumptions of a plan, each with the question behind it."""
    reading = Reading(case.scenario)
    defaults = {name: show(value) for name, value in dump(Assumptions()).items()}
    for each in case.plan.assumptions:
        name, _, value = each.partition("=")
        about = OPEN[name]
        default = defaults[name]
        said = f"{name} is {value} ({'the default' if value == default else f'the default is {default}'})"
        other = about.try_out if value != about.try_out else default
        keys = ("assumptions", name)
        yield Finding(
            keys,
            f"{said}: {about.question}; {about.otherwise}",
            f"to see what hangs on it, run with --set 'assumptions.{name}={other}'",
            about.source,
            reading.where(keys),
        )
