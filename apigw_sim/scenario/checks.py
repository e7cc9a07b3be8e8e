"""Cross references: what the parts of a scenario say of each other; all problems at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from apigw_sim import quotas, units
from apigw_sim.errors import Problem
from apigw_sim.scenario.aliases import LATEST
from apigw_sim.scenario.api import EVERY_METHOD, KINDS, REST, Api, Integration, Method
from apigw_sim.scenario.base import Part, propose
from apigw_sim.scenario.check_functions import check_callee
from apigw_sim.scenario.check_services import check_served
from apigw_sim.scenario.deployments import VARIABLE
from apigw_sim.scenario.model import Scenario
from apigw_sim.scenario.paths import show_path
from apigw_sim.scenario.plans import ApiKey
from apigw_sim.scenario.responses import DEFAULT, FUNCTION_ERROR, FUNCTION_TIMEOUT
from apigw_sim.scenario.routes import Route, segments
from apigw_sim.scenario.settings import TRACE
from apigw_sim.scenario.tree import Keys
from apigw_sim.scenario.validate import Validated
from apigw_sim.scenario.variables import MOST_VARIABLES

FLOOR = (
    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
    "below its minimum value of [{floor}]"
)


class Report:
    """Collects problems, and stays silent where something wrong was found before."""

    def __init__(self, scenario: Scenario, validated: Validated) -> None:
        self.scenario, self.validated = scenario, validated
        self.problems: list[Problem] = []

    def say(self, keys: Keys, what: str, fix: str, *also: Keys) -> None:
        """One problem at a path; `also` are paths it rests on."""
        if not any(self.validated.unsure(path) for path in (keys, *also)):
            self.problems.append(self.validated.problem(keys, what, fix))

    def refer(self, keys: Keys, name: str, table: Keys, known: Iterable[str], noun: str) -> bool:
        """Whether a name stands in a table; a problem with a suggestion where it does not."""
        options = list(known)
        if name in options:
            return True
        if self.validated.lost(table) or self.validated.unsure((*table, name)):
            return False
        fix = propose(name, options) or f"add it under {table[-1]}:"
        self.say(keys, f"there is no {noun} '{name}'", fix)
        return False

    def stage(self, keys: Keys, name: str) -> bool:
        """Whether `api/stage` names a stage."""
        api, slash, stage = name.partition("/")
        stages = self.scenario.stages
        if not slash or "/" in stage:
            near = next((each for each in stages if name in each.split("/")), None)
            fix = f"did you mean '{near}'?" if near else "write api/stage"
            self.say(keys, f"'{name}' is no stage", fix, ("apis",))
            return False
        if api not in self.scenario.apis:
            return self.refer(keys, name, ("apis",), stages, "stage")
        mine = [f"{api}/{each}" for each in self.scenario.apis[api].stages]
        return self.refer(keys, name, ("apis", api, "stages"), mine, "stage")

    def route(self, keys: Keys, api: str, route: Route) -> bool:
        """Whether an API has exactly this route."""
        routes = map(str, self.scenario.routes(api).routes)
        return self.refer(keys, str(route), ("apis", api, "methods"), routes, f"method of {api}")


def check_lacks(
    report: Report, keys: Keys, base: Keys, part: Part, lacked: Mapping[str, tuple[str, str]], owner: str
) -> None:
    """The fields of a part that say what a type of API does not have: `lacked` says so of each, and what to do."""
    for name, field in type(part).model_fields.items():
        key = field.alias or name
        if key in lacked and getattr(part, name) != field.get_default(call_default_factory=True):
            what, fix = lacked[key]
            report.say((*keys, key), f"{owner} has {what}", fix, (*base, "type"))


def check_run(report: Report) -> None:
    """The run and the account."""
    run, account, scenario = report.scenario.run, report.scenario.account, report.scenario
    if run.duration == TRACE:
        if not any(client.arrivals.trace for client in scenario.clients.values()):
            what = f"{TRACE} is the length of a trace, and no client has one"
            fix = "write a duration such as 10 min, or give a client arrivals: {trace: ...}"
            report.say(("run", "duration"), what, fix, ("clients",))
    elif run.warm_up >= run.duration:
        what = f"warm_up is not shorter than the run ({units.show_duration(run.duration)})"
        report.say(("run", "warm_up"), what, "make it shorter than duration", ("run", "duration"))
    used = account.used_elsewhere
    base: Keys = ("account", "used_elsewhere")
    places: tuple[Keys, Keys] = (*base, "rate"), (*base, "lambda_concurrency")
    concurrency = used.lambda_concurrency, account.lambda_concurrency
    check_used(report, places, (used.rate, account.throttle.rate), concurrency)
    for region in scenario.every_region:
        functions = scenario.functions_in(region)
        reserved = {name: function.reserved_concurrency for name, function in functions.items()}
        limit, elsewhere = scenario.lambda_limit_in(region), scenario.elsewhere_in(region)
        check_reservations(report, reserved, limit, elsewhere, where=scenario.limit_path(region))


def check_used(
    report: Report, places: tuple[Keys, Keys], rate: tuple[Fraction, Fraction], concurrency: tuple[int, int]
) -> None:
    """What is used elsewhere leaves something of the account's limit: (used, limit) of rate and concurrency."""
    used, limit = rate
    if used and used >= limit:
        what = (
            f"{units.show_rate(used)} used elsewhere leaves nothing of the account's {units.show_rate(limit)}"
        )
        fix = "keep what is used below the limit, or raise account.throttle.rate"
        report.say(places[0], what, fix, ("account", "throttle"))
    count, most = concurrency
    if count and count >= most:
        what = f"{count} used elsewhere leaves nothing of the account's {most}"
        fix = "keep what is used below the limit, or raise account.lambda_concurrency"
        report.say(places[1], what, fix, ("account", "lambda_concurrency"))


def check_reservations(
    report: Report, reserved: dict[str, int | None], limit: int, elsewhere: int, at: Keys | None = None,
    where: Keys = ("account", "lambda_concurrency"),
) -> None:  # fmt: skip
    """Reservations leave the unreserved floor, in AWS's words; the one that goes too far is named."""
    floor, left = quotas.unreserved_floor(limit), limit
    for name, amount in reserved.items():
        keys = at or ("functions", name, "reserved_concurrency")
        left -= amount or 0
        if not amount or left >= max(floor, elsewhere):
            continue
        if left < floor:
            most = amount + left - floor
            fix = f"reserve {most} at most" if most > 0 else "reserve nothing"
            fix += f", or raise {show_path(where)} (now {limit})"
            report.say(keys, FLOOR.format(floor=floor), fix, where)
        else:
            what = f"the reservations leave {left} of {limit}, and {elsewhere} are used elsewhere"
            report.say(keys, what, "reserve less, or raise account.lambda_concurrency", ("account",))
        return


def check_apis(report: Report) -> None:
    """Methods, integrations and stages of each API."""
    apis = report.scenario.apis
    if not apis:
        report.say(
            ("apis",), "there are no APIs", "write one, such as shop: {type: REST, endpoint: REGIONAL, ...}"
        )
    for endpoint, noun in (("EDGE", "edge-optimized"), ("REGIONAL", "Regional"), ("PRIVATE", "private")):
        most = quotas.count(f"{endpoint.lower()}_apis")
        count = sum(api.endpoint == endpoint for api in apis.values())
        if count > most:
            what = f"{count} {noun} APIs"
            report.say(("apis",), what, f"AWS allows {most} in a Region and does not raise it")
    for name, api in apis.items():
        base: Keys = ("apis", name)
        for part in ("methods", "stages"):
            if not getattr(api, part):
                report.say((*base, part), f"there are no {part}", f"write one {part[:-1]} at least")
        _check_methods(report, base, api)
        known = [str(route) for route in report.scenario.routes(name).routes]
        for stage, body in api.stages.items():
            if len(body.variables) > MOST_VARIABLES:
                what = f"{len(body.variables)} stage variables"
                report.say((*base, "stages", stage, "variables"), what, f"AWS allows {MOST_VARIABLES}")
            for route in body.method_settings:
                if route != EVERY_METHOD:
                    keys = (*base, "stages", stage, "method_settings", route)
                    report.refer(keys, route, (*base, "methods"), known, f"method of {name}")


def _check_methods(report: Report, base: Keys, api: Api) -> None:
    siblings: dict[tuple[str, ...], tuple[str, Route]] = {}
    for route, method in api.methods.items():
        keys = (*base, "methods", str(route))
        check_method(report, keys, api, route, method)
        parts = segments(route.path)
        for depth, part in enumerate(parts):
            if not part.startswith("{") or part.endswith("+}"):
                continue
            other, first = siblings.setdefault(tuple(parts[:depth]), (part, route))
            if other != part:
                what = (
                    f"{part} stands where {first} has {other}, and AWS allows one path parameter in a place"
                )
                report.say(keys, what, f"name it {other} too")


def check_method(report: Report, keys: Keys, api: Api, route: Route, method: Method) -> None:
    """One method: its integration and its cache key."""
    _check_integration(report, (*keys, "integration"), api, method.integration)
    _check_cache_key(report, keys, route, method)


def _is_variable(report: Report, keys: Keys, text: str) -> bool:
    """Whether a name refers to stage variables, each as AWS writes it."""
    text = text.removesuffix(f":{LATEST}")
    if "$" not in text:
        return False
    if "$" in VARIABLE.sub("", text):
        report.say(keys, f"'{text}' is no name", "write a stage variable as ${stageVariables.NAME}")
    return True


def _check_cache_key(report: Report, keys: Keys, route: Route, method: Method) -> None:
    for number, key in enumerate(method.cache_key):
        here = (*keys, "cache_key", number)
        if key in method.cache_key[:number]:
            report.say(here, f"{key} stands twice", "keep one")
        if key.where == "path" and key.name not in route.parameters:
            fix = propose(str(key), [f"path.{name}" for name in route.parameters]) or "leave it out"
            report.say(here, f"{route} has no path parameter '{key.name}'", fix)


def _check_integration(report: Report, keys: Keys, api: Api, integration: Integration) -> None:
    named = {"lambda_proxy": integration.lambda_proxy, "lambda": integration.lambda_}
    served = {
        "http_proxy": integration.http_proxy, "http": integration.http, "service": integration.service,
    }  # fmt: skip
    every = {**named, **served, "mock": integration.mock}
    given = [key for key in KINDS if every[key] is not None]
    if len(given) > 1:
        report.say(keys, f"{' and '.join(given)} stand together", "keep one of them")
    elif not given:
        report.say(
            keys,
            "the integration leads nowhere",
            "write lambda_proxy, lambda, http_proxy, http, service or mock",
        )
    for key, value in named.items():
        if value is not None and not _is_variable(report, (*keys, key), value):
            check_callee(report, (*keys, key), value)
    for key, value in served.items():
        if value is not None and not _is_variable(report, (*keys, key), value):
            check_served(report, (*keys, key), value)
    if len(given) == 1:
        _check_custom(report, keys, integration)
    limit = report.scenario.account.integration_timeout_limit
    if api.type == REST and api.waits(integration) > limit:
        wanted, most = units.show_duration(api.waits(integration)), units.show_duration(limit)
        fix = (
            "lower it; or, since AWS can raise the limit of Regional APIs up to 300 s, "
            f"say that it has: account.integration_timeout_limit: {wanted}"
        )
        report.say((*keys, "timeout"), f"{wanted} is above the account's limit of {most}", fix, ("account",))


def _check_custom(report: Report, keys: Keys, integration: Integration) -> None:
    """What only custom integrations have."""
    kind = integration.kind
    if not integration.custom:
        own = {
            "responses": "a proxy integration passes the backend's own answer on",
            "templates": "only custom integrations have mapping templates",
            "passthrough": "only custom integrations look at the content type",
        }
        for key, why in own.items():
            if getattr(integration, key) != type(integration).model_fields[key].default:
                fix = (
                    "leave it out"
                    if kind == "mock"
                    else f"leave it out, or write {kind.removesuffix('_proxy')}: for {kind}:"
                )
                report.say((*keys, key), f"{key} with {kind}: {why}", fix)
    if integration.asynchronous and kind != "lambda":
        fix = "write lambda: for lambda_proxy:" if kind == "lambda_proxy" else "leave it out"
        report.say((*keys, "invocation_type"), f"{kind} cannot invoke asynchronously", fix)
    for code in integration.responses or ():
        if kind in ("http", "service") and code in (FUNCTION_ERROR, FUNCTION_TIMEOUT):
            report.say(
                (*keys, "responses", code), "a backend is no function", "map its statuses, such as 503: 503"
            )
        elif integration.asynchronous and code not in (202, DEFAULT):
            what = "an asynchronous invocation is answered before the function runs, always with 202"
            report.say((*keys, "responses", str(code)), what, "map 202, or leave it out")
    for number, name in enumerate(integration.templates):
        if name in integration.templates[:number]:
            report.say((*keys, "templates", number), f"{name} stands twice", "keep one")


def check_plans(report: Report) -> None:
    """Usage plans and API keys."""
    scenario = report.scenario
    for name, plan in scenario.usage_plans.items():
        base: Keys = ("usage_plans", name)
        if not plan.stages:
            report.say((*base, "stages"), "the usage plan names no stage", "write stages: {api/stage: {}}")
        for stage, throttles in plan.stages.items():
            keys = (*base, "stages", stage)
            if report.stage(keys, stage):
                for route in throttles:
                    report.route((*keys, str(route)), stage.partition("/")[0], route)
        if plan.quota and plan.quota.offset > plan.quota.limit:
            what = f"the offset {plan.quota.offset} is above the limit {plan.quota.limit}"
            report.say(
                (*base, "quota", "offset"), what, "it is subtracted from the limit in the first period"
            )
    for name, key in scenario.api_keys.items():
        _check_key(report, name, key)
    total, most = sum(key.count for key in scenario.api_keys.values()), quotas.count("api_keys")
    if total > most:
        report.say(("api_keys",), f"{total} API keys", f"AWS allows {most} in a Region and does not raise it")


def _check_key(report: Report, name: str, key: ApiKey) -> None:
    plans = report.scenario.usage_plans
    covered: dict[str, str] = {}
    for number, plan in enumerate(key.plans):
        keys = ("api_keys", name, "plans", number)
        if plan in key.plans[:number]:
            report.say(keys, f"'{plan}' stands twice", "keep one")
        elif report.refer(keys, plan, ("usage_plans",), plans, "usage plan"):
            for stage in plans[plan].stages:
                first = covered.setdefault(stage, plan)
                if first != plan:
                    what = (
                        f"'{plan}' and '{first}' both cover {stage}, and a key has one usage plan for a stage"
                    )
                    both: tuple[Keys, Keys] = (
                        ("usage_plans", plan, "stages"),
                        ("usage_plans", first, "stages"),
                    )
                    report.say(keys, what, "leave one of them out", *both)


def check_initial(report: Report) -> None:
    """How the run starts, and what check leaves out."""
    scenario = report.scenario
    for name in scenario.initial.environments:
        keys: Keys = ("initial", "environments", name)
        function, _, qualifier = name.partition(":")
        if check_callee(report, keys, name) and qualifier in scenario.functions[function].aliases:
            report.say(keys, f"{name} is an alias, and environments belong to a version", "name its version")
    for name, used in scenario.initial.quota_used.items():
        keys = ("initial", "quota_used", name)
        if not report.refer(keys, name, ("api_keys",), scenario.api_keys, "API key"):
            continue
        plans = [
            scenario.usage_plans[plan]
            for plan in scenario.api_keys[name].plans
            if plan in scenario.usage_plans
        ]
        limits = [plan.quota.limit for plan in plans if plan.quota]
        if not limits:
            report.say(
                keys,
                f"no usage plan of '{name}' has a quota",
                "leave it out",
                ("usage_plans",),
                ("api_keys",),
            )
        elif used > max(limits):
            report.say(
                keys,
                f"{used} is above the quota of {max(limits)}",
                "write the limit at most",
                ("usage_plans",),
            )
    ignored = scenario.advice.ignore
    for number, rule in enumerate(ignored):
        if not rule.isalnum() or not rule.isupper():
            report.say(("advice", "ignore", number), f"'{rule}' is no rule id", "write one such as THR005")
        elif rule in ignored[:number]:
            report.say(("advice", "ignore", number), f"'{rule}' stands twice", "keep one")
