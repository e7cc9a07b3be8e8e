"""All rules of advice, in one place and in the order in which the documentation lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from apigw_sim.advice import (
    aliases,
    answers,
    assumptions,
    authorizers,
    browsers,
    caching,
    callers,
    connections,
    databases,
    deployments,
    events,
    faults,
    fronts,
    functions,
    http,
    plans,
    provisioned,
    queues,
    raisable,
    records,
    scaling,
    streams,
    throttles,
    users,
    waf,
    watching,
)
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding
from apigw_sim.advice.sources import page
from apigw_sim.scenario.base import propose


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to look for: `find` gives what it found in a case."""

    id: str
    title: str
    """What it looks for, in a few words."""
    why: str
    """What happens to somebody who has it and does not know."""
    source: str
    """The address of the page where AWS says it."""
    find: Callable[[Case], Iterable[Finding]]
    note: bool = False
    """Whether it only tells, and asks for nothing to be changed."""


def unknown_ids(case: Case) -> Iterable[Finding]:
    """Rule ids to be ignored that no rule has."""
    known = [rule.id for rule in RULES]
    for number, wanted in enumerate(case.scenario.advice.ignore):
        if wanted not in known:
            text = f"advice.ignore names {wanted}, and there is no such rule: it silences nothing"
            yield Finding(("advice", "ignore", number), text, propose(wanted, known))


def _rule(
    name: str, title: str, why: str, key: str, find: Callable[[Case], Iterable[Finding]], note: bool = False
) -> Rule:
    return Rule(name, title, why, page(key), find, note)


THROTTLING = "AG:api-gateway-request-throttling"
CACHING = "AG:api-gateway-caching"
PLANS = "AG:api-gateway-api-usage-plans"
AUTHORIZERS = "AG:apigateway-use-lambda-authorizer"

RULES: tuple[Rule, ...] = (
    _rule(
        "CACHE001", "A cache cluster without method caching",
        "A stage's cache has two switches; with the cluster alone nothing is cached, and it is billed by the hour.",
        CACHING, caching.cluster_alone,
    ),
    _rule(
        "CACHE002", "A parameter that is not in the cache key",
        "What is not in the key does not split entries: a path parameter left out serves everybody the first item, "
        "a query parameter that clients vary serves one query's answer to another.",
        CACHING, caching.key_too_short,
    ),
    _rule(
        "CACHE004", "Anyone may invalidate the cache",
        "Without required authorization any request with `Cache-Control: max-age=0` goes to the backend.",
        CACHING, caching.anyone_may_invalidate,
    ),
    _rule(
        "THR001", "A rate or burst of 0 refuses everything",
        "It is legal, the usual kill switch, and a known accident.",
        THROTTLING, throttles.refuses_everything,
    ),
    _rule(
        "THR002", "A limit above the account's",
        "The account's bucket is shared by all APIs of the Region and refuses first; the higher limit never acts.",
        THROTTLING, throttles.above_the_account,
    ),
    _rule(
        "THR003", "A burst below 0.1 s of the rate",
        "Requests come in clumps: a bucket that holds less than 0.1 s of its rate refuses traffic well below it "
        "(0.1 s is our rule of thumb, the bucket is AWS's).",
        THROTTLING, throttles.shallow,
    ),
    _rule(
        "THR004", "Method limits that add up to more than the account",
        "Methods that each keep to their limit can together empty the account's bucket, and with it every other API.",
        THROTTLING, throttles.promise_too_much,
    ),
    _rule(
        "THR005", "`every_method` is not a shared bucket",
        "A stage's default throttle is a template: each method has a bucket of its own with all of the rate.",
        THROTTLING, throttles.not_shared,
    ),
    _rule(
        "THR006", "A burst below the number of hosts",
        "A host that shares a throttle holds one token at least, or it would refuse everything: small bursts grow.",
        THROTTLING, throttles.thin_parts,
    ),
    _rule(
        "PLAN001", "A usage plan over methods that require no key",
        "A method that does not require a key ignores it: the plan neither throttles its requests nor counts them.",
        "AG:api-gateway-setup-api-keys", plans.over_no_key,
    ),
    _rule(
        "PLAN002", "A required key that no usage plan covers",
        "A method that requires a key answers 403 Forbidden unless a plan of that key covers the stage.",
        "AG:api-gateway-api-key-source", plans.not_covered,
    ),
    _rule(
        "AUTH001", "An authorizer that caches nothing",
        "Without a TTL every request invokes it, serially before the backend: twice the invocations, and its time in "
        "each Latency.",
        AUTHORIZERS, authorizers.caches_nothing,
    ),
    _rule(
        "AUTH002", "An authorizer that shares its concurrency with its backend",
        "A Lambda authorizer is an ordinary function: without a reservation it competes with the functions it guards.",
        AUTHORIZERS, authorizers.starves_its_backend,
    ),
    _rule(
        "AUTH003", "A cached policy of one method",
        "A cached policy holds for all methods of the stage: one that names the called method only denies the others, "
        "now and then, until it expires.",
        AUTHORIZERS, authorizers.denies_other_methods,
    ),
    _rule(
        "AUTH004", "An authorizer whose callers are one",
        "How many callers there are decides how often an authorizer is invoked; one identity is always cached.",
        AUTHORIZERS, authorizers.one_identity,
    ),
    _rule(
        "AUTH005", "A resource policy that allows nobody",
        "What no statement allows is denied, where neither a Lambda authorizer nor IAM allows it.",
        "AG:apigateway-authorization-flow", authorizers.allows_nobody,
    ),
    _rule(
        "HTTP001", "An authorizer that catches preflights",
        "With CORS an HTTP API answers preflights itself, and routes of ANY and $default catch them first: with an "
        "authorizer each preflight is a 401, and browsers refuse to call.",
        "AG:http-api-cors", http.catches_preflights,
    ),
    _rule(
        "HTTP002", "A 503 of an HTTP API taken for a refusal",
        "A REST API tells a timeout by its 504; an HTTP API answers 503 for it, so what is repeated may have been done.",
        "AG:http-api-quotas", http.may_have_run,
    ),
    _rule(
        "LMB001", "A function's timeout above the integration's",
        "After the 504 (of an HTTP API 503) the function runs on: it holds its concurrency and is billed, for nobody.",
        "AG:response-transfer-mode", functions.outlives_the_gateway,
    ),
    _rule(
        "LMB002", "A client's timeout below the integration's",
        "The client has hung up, and perhaps called again, while the gateway and the backend still work for it.",
        "AG:api-gateway-execution-service-limits-table", functions.client_gives_up_first,
    ),
    _rule(
        "LMB003", "Rate times mean duration above the concurrency",
        "By Little's law that many invocations run at once; those beyond the concurrency are throttled by Lambda, "
        "which behind a REST API is a 500.",
        "L:lambda-concurrency", functions.too_much_at_once,
    ),
    _rule(
        "LMB004", "Rate above ten times the concurrency",
        "Lambda also takes ten requests a second for each unit of concurrency at most; functions under 100 ms meet "
        "that limit first.",
        "L:lambda-concurrency", functions.too_many_a_second,
    ),
    _rule(
        "LMB005", "Provisioned concurrency below the peak",
        "What finds no provisioned environment free runs on demand and may start cold; by Erlang's formula that happens "
        "well before the mean load is as large as what is provisioned.",
        "L:provisioned-concurrency", provisioned.too_little,
    ),
    _rule(
        "LMB006", "A schedule that comes after the peak",
        "Provisioned concurrency takes a minute or two and 10 ms for each environment, and none of it is usable before all "
        "of it is: what is asked for as the load comes is there when its start is over.",
        "L:provisioned-concurrency", scaling.too_late,
    ),
    _rule(
        "LMB007", "A target that is never met",
        "Where the maximum times the target is below the load, utilization stays above the target and the rest spills over; "
        "where nothing is provisioned there is no utilization, so that nothing scales out.",
        "L:provisioned-concurrency", scaling.out_of_reach,
    ),
    _rule(
        "LMB008", "Init does not fit into the timeout",
        "After a timeout or the end of its process Lambda resets an environment, and its next invocation initialises it "
        "again within its own timeout; where that is too short, the environment fails every invocation until it is gone.",
        "L:lambda-runtime-environment", functions.never_initialised_again,
    ),
    _rule(
        "LMB009", "SnapStart that is not used",
        "SnapStart restores published versions only; an integration that names the function alone invokes $LATEST, which "
        "starts cold as ever.",
        "L:snapstart", functions.not_restored,
    ),
    _rule(
        "SCALE001", "Auto scaling that never comes",
        "An alarm of Auto Scaling needs three minutes of data and sees them late, and new servers boot; a load that rises "
        "within that time meets what was there before.",
        "AAS:target-tracking-scaling-policy-overview", scaling.never_comes,
    ),
    _rule(
        "DEP001", "A change that is never deployed",
        "A change to an API's methods acts on no stage before it is deployed to it; stage settings act at once.",
        "AG:updating-api", deployments.never_deployed,
    ),
    _rule(
        "DEP002", "A stage variable that names nothing",
        "An integration that names a function or host by a variable which is not set, or set wrongly, answers 500.",
        "AG:stage-variables", deployments.names_nothing,
    ),
    _rule(
        "DEP003", "A context that no stage makes",
        "A function finds its stage's variables in its event; where no stage that invokes it has those of a context, the "
        "context says nothing.",
        "AG:stage-variables", deployments.never_in_context,
    ),
    _rule(
        "CAN001", "A canary like its stage",
        "A canary differs by what is deployed to it or by the variables that it overrides; else it shows nothing.",
        "AG:canary-release", deployments.answers_alike,
    ),
    _rule(
        "CAN002", "A deployment to a canary at 0 %",
        "Promotion leaves the canary in place at 0 %, and while there is one every new deployment goes to it.",
        "AG:promote-canary-deployment", deployments.hidden_by_a_canary,
    ),
    _rule(
        "ALIAS001", "A weight too small for the traffic",
        "An alias draws the version of each invocation: of few invocations the lesser version gets a number that chance "
        "decides, and its error rate says little.",
        "L:configuring-alias-routing", aliases.few_of_a_version,
    ),
    _rule(
        "ALIAS002", "Weights that nobody meets",
        "Only what invokes the alias by its name is split or shifted; an integration with the function's own name "
        "invokes $LATEST.",
        "L:configuration-aliases", aliases.weights_that_nobody_meets,
    ),
    _rule(
        "ALIAS003", "A traffic shift that outlasts the run",
        "Canary and linear shifts take minutes to an hour; a run that ends before shows the first steps alone.",
        "https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/"
        "automating-updates-to-serverless-apps.html",
        aliases.shift_outlasts_the_run,
    ),
    _rule(
        "ALIAS004", "A format that a version does not accept",
        "While two versions stand side by side clients of both formats meet both, and a version answers what it does "
        "not understand with an error of its own.",
        "L:configuring-alias-routing", aliases.format_refused,
    ),
    _rule(
        "ERR001", "Errors of a function that are successes",
        "Behind a custom integration an error of the function is a 200 unless an integration response matches it: no "
        "5XXError, no alarm, no retry.",
        "AG:handle-errors-in-lambda-integration", answers.errors_as_success,
    ),
    _rule(
        "ERR002", "A default response that hides a backend's errors",
        "The default integration response catches every status that is not mapped: a 503 becomes a 200.",
        "AG:api-gateway-integration-settings-integration-response", answers.statuses_as_success,
    ),
    _rule(
        "ERR003", "An answer that no integration response catches",
        "Without a match and without a default the client gets 500 Internal server error, though the backend did its "
        "work.",
        "AG:how-to-method-settings", answers.caught_by_nothing,
    ),
    _rule(
        "ERR004", "A gateway response that makes an error a success",
        "Clients go by the status; CloudWatch counts the error whatever status it was given.",
        "AG:api-gateway-gatewayResponse-definition", answers.refusals_as_success,
    ),
    _rule(
        "ERR005", "A throttle's own status that a client does not retry",
        "A 429 is safe to retry; under another status clients that know only 429 give up.",
        "AG:supported-gateway-response-types", answers.throttle_not_retried,
    ),
    _rule(
        "ERR006", "A content type that an integration never takes",
        "With passthrough NEVER, or WHEN_NO_TEMPLATES beside a template, what no template matches is a 415.",
        "AG:integration-passthrough-behaviors", answers.takes_nothing,
    ),
    _rule(
        "VAL001", "Invalid calls that nothing validates",
        "Only a method with a validator answers 400; without one the backend gets the call and is paid for it.",
        "AG:api-gateway-method-request-validation", answers.not_validated,
    ),
    _rule(
        "PAY001", "Bodies that the gateway takes and Lambda does not",
        "The gateway takes 10 MB, an invocation 6 MB, in base64 4.5 MB, and an asynchronous one 1 MB.",
        "L:gettingstarted-limits", answers.too_large_for_lambda,
    ),
    _rule(
        "ASYNC001", "Events that are lost when they are given up",
        "Whoever invokes asynchronously is answered before the function runs: without a dead-letter queue or a destination on "
        "failure nobody hears of what failed or became too old.",
        "L:invocation-async-error-handling", events.given_up_and_lost,
    ),
    _rule(
        "DB001", "More concurrency than a database has connections",
        "Each environment holds a connection, and Lambda makes environments faster than a database makes connections: reserved "
        "concurrency is the valve.",
        "L:configuration-concurrency", databases.more_environments_than_connections,
    ),
    _rule(
        "SVC001", "A throttled service that looks like a success",
        "AWS services have custom integrations alone, whose default response catches every status: a throttled queue, "
        "stream or table is a 200 unless it is mapped.",
        "AG:api-gateway-integration-settings-integration-response", answers.throttles_as_success,
    ),
    _rule(
        "SVC002", "A shard that gets more than it takes",
        "By its partition key a record comes to its shard, and a shard takes 1,000 records a second: a few keys with much of the "
        "traffic make one shard hot while the others are idle.",
        "https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html", streams.hot_shard,
    ),
    _rule(
        "SVC003", "A synchronous execution that outlives the gateway",
        "A synchronous express execution may last five minutes, and the gateway waits 29 seconds for it.",
        "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-express-synchronous.html", answers.waits_too_long,
    ),
    _rule(
        "SVC004", "Objects that are small by the interval",
        "What Firehose buffers is delivered by size or by interval, whichever is first: where little comes the interval delivers "
        "many small objects, each of which costs a PUT, and queries are slow over them.",
        "https://docs.aws.amazon.com/firehose/latest/dev/buffering-hints.html", streams.small_objects,
    ),
    _rule(
        "SQS001", "A visibility timeout below six times the function's timeout",
        "Messages that become visible while their batch is still tried are received again: work is done twice, and "
        "receives are used up.",
        "L:services-sqs-configure", queues.hidden_too_short,
    ),
    _rule(
        "SQS002", "A mapping that reads more than its function may run",
        "Without a maximum concurrency a mapping reads up to 1,000 batches at once; those that a reservation refuses are "
        "Throttles.",
        "L:services-sqs-scaling", queues.reads_more_than_runs,
    ),
    _rule(
        "SQS003", "A queue without a dead-letter queue",
        "A message that always fails is received until its retention ends, and takes its batch with it each time.",
        "L:services-sqs-errorhandling", queues.nowhere_to_die,
    ),
    _rule(
        "WS001", "Messages rarer than the idle timeout",
        "A connection on which nothing is sent for 10 minutes is closed, which no setting changes.",
        "AG:apigateway-execution-service-websocket-limits-table", connections.falls_silent,
    ),
    _rule(
        "WS002", "Clients that come back all at once",
        "An account opens 500 connections per second: what comes back at one instant is refused, and comes again at one "
        "instant unless its waits are drawn.",
        "AG:apigateway-execution-service-websocket-limits-table", connections.comes_back_at_once,
    ),
    _rule(
        "RETRY001", "Retries of a call that is not idempotent",
        "After a timeout or a 5xx nobody knows whether the first attempt acted; a retry may act again.",
        "L:services-apigateway-errors", callers.repeats_the_unrepeatable,
    ),
    _rule(
        "RETRY002", "An SDK's retry mode in a client of your own API",
        "The AWS SDKs retry calls to AWS services. A client of your own API is any HTTP client: it does not retry "
        "unless you made it so.",
        "https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html", callers.as_an_sdk,
    ),
    _rule(
        "TRACE001", "A count of attempts drives a client that retries",
        "CloudWatch's Count and access logs hold every attempt, retries too; a client that retries them counts twice.",
        "AG:api-gateway-metrics-and-dimensions", callers.retries_of_retries,
    ),
    _rule(
        "TRACE002", "Periods too long to see bursts",
        "A bucket sees what comes within fractions of a second; a count by the minute does not say.",
        "AG:monitoring-cloudwatch", callers.blind_to_bursts,
    ),
    _rule(
        "DOM001", "A base path without a mapping",
        "The domain answers 403 by itself; the calls are in no metric and no log of API Gateway.",
        "AG:rest-api-monitor", fronts.goes_nowhere,
    ),
    _rule(
        "DOM002", "Mutual TLS that can be passed by",
        "Only the domain asks for certificates; the API's default endpoint answers anybody.",
        "AG:rest-api-mutual-tls", fronts.passed_by,
    ),
    _rule(
        "CORS001", "A preflight that is never permitted",
        "A browser sends neither API key nor credentials with an OPTIONS request: where that asks for them, or has no method, "
        "every call that is not simple fails before it is sent.",
        "AG:how-to-cors", browsers.never_permitted,
    ),
    _rule(
        "USERS001", "More users than a throttle carries",
        "So many users N, each of whom waits R for an answer and thinks for Z, make N / (R + Z) calls a second: beyond a "
        "throttle the rest is refused for as long as they are there.",
        THROTTLING, users.more_than_is_carried,
    ),
    _rule(
        "DNS001", "A standby that cannot carry what it is left",
        "Limits are those of a Region, and a Region that is hardly used has the default ones: the failover is an outage of "
        "its own.",
        "https://docs.aws.amazon.com/whitepapers/latest/disaster-recovery-workloads-on-aws/"
        "disaster-recovery-options-in-the-cloud.html", records.cannot_carry,
    ),
    _rule(
        "DNS002", "Health that nobody checks, or that never passes",
        "Without a health check a record answers with a target that is down; one that never passes decides nothing either, "
        "since all unhealthy is as all healthy.",
        "R53:health-checks-how-route-53-chooses-records", records.finds_nothing,
    ),
    _rule(
        "DNS003", "Answers that are kept longer than their TTL",
        "Whoever keeps an address goes on asking what is down, whatever Route 53 answers by then.",
        "https://docs.aws.amazon.com/sdk-for-java/latest/developer-guide/jvm-ttl-dns.html", records.remembers_too_long,
    ),
    _rule(
        "WAF001", "An attack that the account's throttle may meet before AWS WAF does",
        "AWS does not say whether a request that a web ACL blocks has spent a token of the account: it decides whether an "
        "attack starves the paying traffic.",
        "AG:apigateway-control-access-aws-waf", waf.spent_by_an_attack,
    ),
    _rule(
        "WAF002", "A rate-based rule that acts on nobody",
        "It counts each address by itself: traffic from many addresses, or a limit for a longer window, never reaches it.",
        "WAF:waf-rule-statement-type-rate-based", waf.acts_on_nobody,
    ),
    _rule(
        "EDGE001", "An edge that is as far as the Region",
        "An edge-optimized endpoint saves round trips of handshakes to clients that are near a POP and far from the Region.",
        "AG:api-gateway-api-endpoint-types", fronts.far_from_the_edge,
    ),
    _rule(
        "MET001", "Detailed metrics are billed",
        "Each metric of each method is a metric of its own on the bill; those of stage and API cost nothing.",
        "AG:api-gateway-metrics-and-dimensions", watching.billed_by_method, note=True,
    ),
    _rule(
        "ALRM001", "An alarm on a series that does not exist",
        "Methods have metrics of their own only where detailed metrics are enabled; such an alarm stays in "
        "INSUFFICIENT_DATA for ever.",
        "AG:api-gateway-metrics-and-dimensions", watching.without_a_series,
    ),
    _rule(
        "ALRM002", "An alarm that cannot ring within the run",
        "M datapoints take M periods, and some time passes before the last one is seen: what lasts shorter is never told.",
        "CW:alarm-evaluation", watching.too_late,
    ),
    _rule(
        "LOG001", "An access log of what is not simulated",
        "A variable that is not simulated prints `-` in every line, as one that has no value does.",
        "AG:api-gateway-variables-for-access-logging", watching.not_logged, note=True,
    ),
    _rule(
        "FAULT001", "A fault that ends with the run",
        "Retries, queues and caches may keep a system down long after its cause is gone; a run that ends with the fault "
        "does not show it.",
        "https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/"
        "rel_testing_resiliency_failure_injection_resiliency.html", faults.outlasts,
    ),
    _rule(
        "QUOTA001", "A quota that AWS has to raise first",
        "The scenario has more than AWS gives unasked: until it is granted, the run shows what is not there.",
        "AG:limits", raisable.above_the_default,
    ),
    _rule(
        "ADVICE001", "`advice.ignore` names no rule",
        "A rule id that is misspelt silences nothing.",
        "docs/advice.md", unknown_ids,
    ),
    _rule(
        "ASSUME", "An assumption that the scenario leans on",
        "AWS leaves it open; the simulator has a setting for it, and results may hang on it.",
        THROTTLING, assumptions.leant_on, note=True,
    ),
)  # fmt: skip
