"""Cross references of clients: targets, calls, keys, arrivals and retries."""

from __future__ import annotations

import os
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from apigw_sim import units
from apigw_sim.scenario.arrivals import TRACES, Arrivals, Step, Stream, Trace, Window
from apigw_sim.scenario.base import propose
from apigw_sim.scenario.check_browsers import check_browser
from apigw_sim.scenario.check_fronts import check_target
from apigw_sim.scenario.check_users import check_users
from apigw_sim.scenario.check_websocket import check_connections
from apigw_sim.scenario.checks import Report
from apigw_sim.scenario.clients import FROM_TRACE, MOST_KEYS, Call, Client, Fixed, KeyChoice
from apigw_sim.scenario.processes import Mmpp
from apigw_sim.scenario.quantities import DataFile
from apigw_sim.scenario.routes import ANY, CATCH_ALL, Route
from apigw_sim.scenario.tree import Keys


def check_clients(report: Report) -> None:
    """Every client."""
    if not report.scenario.clients:
        report.say(("clients",), "there are no clients", "write one, with target:, arrivals: and calls:")
    for name, client in report.scenario.clients.items():
        base: Keys = ("clients", name)
        stage = check_target(report, base, client)
        check_users(report, base, client)
        check_browser(report, base, client)
        check_connections(report, base, client, stage)
        if client.users is None:
            _check_arrivals(report, (*base, "arrivals"), client.arrivals)
        _check_key(report, (*base, "api_key"), client)
        _check_retry(report, base, client)
        if client.calls == FROM_TRACE:
            if client.arrivals.trace is None or client.arrivals.trace.access_log is None:
                report.say(
                    (*base, "calls"),
                    "from_trace takes the calls of an access log, and there is none",
                    "write a list of calls, or arrivals: {trace: {access_log: FILE}}",
                    (*base, "arrivals"),
                )
            continue
        stages = (
            report.scenario.stages_of(client.target) if client.target in report.scenario.records else (stage,)
        )
        for api in dict.fromkeys(each.partition("/")[0] for each in stages if each in report.scenario.stages):
            for number, call in enumerate(client.calls):
                _check_call(report, (*base, "calls", number), api, call)
        if not any(call.weight for call in client.calls):
            report.say((*base, "calls"), "all weights are zero", "give one call a weight above 0")


def _check_call(report: Report, keys: Keys, api: str, call: Call) -> None:
    if report.scenario.apis[api].is_websocket:
        return  # what no route serves is a message too
    if call.call.is_key and call.call != CATCH_ALL:
        fix = "write METHOD /path, such as GET /items/{id}"
        report.say((*keys, "call"), f"'{call.call}' is no route of {report.scenario.apis[api].article}", fix)
        return
    if call.call.method == ANY:
        path = "/" if call.call == CATCH_ALL else call.call.path
        what = f"{'$default' if call.call == CATCH_ALL else 'ANY'} is every method, and a call has one"
        report.say((*keys, "call"), what, f"write GET {path}, say")
        return
    if report.scenario.apis[api].answers(call.call):
        return
    match = report.scenario.routes(api).named(call.call)
    if match is None:
        _no_route(report, (*keys, "call"), api, call.call)
        return
    route, fixed = match
    wanted = [name for name in route.parameters if name not in fixed]
    for name in call.path:
        here = (*keys, "path", name)
        if name in fixed:
            report.say(here, f"{call.call} gives {{{name}}} itself", f"leave it out, or call {route}")
        elif name not in wanted:
            fix = propose(name, wanted) or "leave it out"
            report.say(here, f"{route} has no path parameter '{name}'", fix)
    for name in wanted:
        if name not in call.path:
            what, fix = (
                f"{route} needs a value for {{{name}}}",
                f"write path: {{{name}: {{uniform: {{n: 100}}}}}}",
            )
            report.say(keys, what, f"{fix}, or a constant")
    _check_size(report, keys, call, route, api)


def _no_route(report: Report, keys: Keys, api: str, call: Route) -> None:
    if report.validated.lost(("apis", api, "methods")):
        return
    routes = report.scenario.routes(api).routes
    same = [str(route) for route in routes if route.path == call.path]
    fix = f"did you mean '{same[0]}'?" if same else propose(str(call), map(str, routes))
    report.say(keys, f"{api} has no method '{call}'", fix)


def _check_size(report: Report, keys: Keys, call: Call, route: Route, api: str) -> None:
    values = {"path": call.path, "query": call.query, "header": call.headers}
    total = 1
    method = report.scenario.apis[api].methods.get(route)
    for key in method.cache_key if method else ():
        value = values[key.where].get(key.name)
        total *= 1 if value is None or isinstance(value, Fixed) else value.n
    if total > MOST_KEYS:
        what = f"its cache key has {total:,} possible values, and {MOST_KEYS:,} (2^26) are simulated at most"
        report.say(keys, what, "lower n, or leave a parameter out of cache_key")


def _check_key(report: Report, keys: Keys, client: Client) -> None:
    choice, known = client.api_key, report.scenario.api_keys
    if isinstance(choice, KeyChoice):
        report.refer((*keys, "from"), choice.from_, ("api_keys",), known, "API key")
    elif choice is not None and report.refer(keys, choice, ("api_keys",), known, "API key"):
        count = known[choice].count
        if count > 1:
            fix = f"choose among them: {{from: {choice}, uniform: true}}, or zipf: {{s: 1.0}}"
            report.say(keys, f"'{choice}' is a group of {count} keys", fix, ("api_keys", choice))


def _check_retry(report: Report, base: Keys, client: Client) -> None:
    retry = client.retry
    keeps = retry is not None and (retry.budget or retry.mode not in (None, "legacy"))
    if client.processes > 1 and not client.circuit_breaker and not keeps:
        what = "processes that keep nothing between calls are as good as one"
        fix = "leave it out, or write a retry mode with a quota, a budget or a circuit_breaker"
        report.say((*base, "processes"), what, fix, (*base, "retry"), (*base, "circuit_breaker"))
    if retry is None:
        return
    here: Keys = (*base, "retry")
    if retry.client_timeout and client.timeout is None:
        fix = "write timeout: 10 s beside retry:, or leave client_timeout out"
        report.say((*here, "client_timeout"), "the client has no timeout to retry", fix, (*base, "timeout"))
    if retry.mode and retry.backoff:
        what = f"the mode {retry.mode} has a back-off of its own"
        report.say((*here, "backoff"), what, "leave one of the two out", (*here, "mode"))
    elif retry.backoff and retry.backoff.cap < retry.backoff.base:
        cap, low = units.show_duration(retry.backoff.cap), units.show_duration(retry.backoff.base)
        what = f"the cap {cap} is below the base {low}"
        report.say(
            (*here, "backoff", "cap"), what, "raise the cap, or lower the base", (*here, "backoff", "base")
        )
    for number, status in enumerate(retry.statuses):
        if status in retry.statuses[:number]:
            report.say((*here, "statuses", number), f"{status} stands twice", "keep one")


def _check_arrivals(report: Report, keys: Keys, arrivals: Arrivals) -> None:
    given = [key for key in ("process", "rate") if getattr(arrivals, key) is not None]
    others = [key for key in ("trace", "superposition") if getattr(arrivals, key)]
    if others and (given or len(others) > 1):
        fix = "write process and rate, or a trace"
        if "superposition" in others:
            fix = "write a process under superposition:, and a trace as a client of its own"
        report.say(keys, f"{' and '.join([*given, *others])} stand together", fix)
    elif not others and not given:
        report.say(
            keys,
            "there are no arrivals",
            "write {process: poisson, rate: 50/s}, or {trace: ...}, or users: in their place",
        )
    if others:
        for key in ("profile", "flash_crowds", "batch"):
            if getattr(arrivals, key):
                fix = (
                    "leave it out"
                    if others == ["trace"]
                    else "write it under superposition:, of each process"
                )
                report.say((*keys, key), f"{key} is of a process, and this is a {others[0]}", fix)
    elif given:
        _check_stream(report, keys, arrivals)
    for number, stream in enumerate(arrivals.superposition):
        _check_stream(report, (*keys, "superposition", number), stream)
    if arrivals.trace:
        _check_trace(report, (*keys, "trace"), arrivals.trace)


def _check_stream(report: Report, keys: Keys, stream: Stream) -> None:
    process = stream.process
    own = isinstance(process, Mmpp) and all(state.rate is not None for state in process.states.values())
    if process is None:
        report.say(keys, "process is missing", "write process: poisson, or process: even")
    elif own and stream.rate is not None:
        what = "the states of its process have rates of their own"
        report.say((*keys, "rate"), what, "leave rate out, or write times in the states")
    elif not own and stream.rate is None:
        report.say(keys, "rate is missing", "write rate: 50/s")
    _check_steps(report, (*keys, "rate"), stream.rate or ())


def _check_steps(report: Report, keys: Keys, steps: tuple[Step, ...]) -> None:
    for number, (step, after) in enumerate(pairwise(steps)):
        begin, end = step.from_, step.from_ + step.ramp
        if after.from_ <= begin:
            what = f"{units.show_duration(after.from_)} does not come after {units.show_duration(begin)}"
            report.say(
                (*keys, number + 1, "from"), what, "put the steps in the order of time", (*keys, number)
            )
        elif end > after.from_:
            what = f"the ramp ends at {units.show_duration(end)}, after the next step begins"
            fix = "shorten it, or begin the next step later"
            report.say((*keys, number, "ramp"), what, fix, (*keys, number + 1))


def _check_trace(report: Report, keys: Keys, trace: Trace) -> None:
    given = [key for key in TRACES if getattr(trace, key) is not None]
    if len(given) > 1:
        report.say(keys, f"{' and '.join(given)} stand together", "keep one of them")
        return
    if not given:
        fix = "write cloudwatch, access_log, instants, azure_2019 or azure_2021, with a file"
        report.say(keys, "the trace names no file", fix)
        return
    kind = given[0]
    file: DataFile = getattr(trace, kind)
    _check_file(report, (*keys, kind), file)
    if kind != "access_log":
        for key in ("format", "fields"):
            if getattr(trace, key) is not None:
                report.say((*keys, key), f"{key} describes an access log, and this is {kind}", "leave it out")
    elif trace.format == "json" and trace.fields is None:
        fix = "write fields: {time: requestTime, method: httpMethod, path: path}"
        report.say((*keys, "format"), "the fields of the JSON lines are not named", fix)
    elif trace.format != "json" and trace.fields is not None:
        report.say((*keys, "fields"), "fields are of JSON lines", "write format: json, or leave fields out")
    if trace.id is not None and (kind != "cloudwatch" or file.path.suffix != ".json"):
        report.say((*keys, "id"), "id chooses a result of a GetMetricData file in JSON", "leave it out")
    if not kind.startswith("azure"):
        for key in ("function", "app", "top"):
            if getattr(trace, key) is not None:
                report.say(
                    (*keys, key), f"{key} chooses of an Azure trace, and this is {kind}", "leave it out"
                )
    elif trace.function is not None and trace.top is not None:
        report.say((*keys, "top"), "function and top stand together", "keep one of them")
    _check_window(report, (*keys, "window"), trace.window)


def _check_window(report: Report, keys: Keys, window: Window) -> None:
    match window.from_, window.to:
        case (int(first), int(last)):
            empty = last <= first
        case (datetime() as begin, datetime() as end):
            empty = end <= begin
        case _:
            return
    if empty:
        report.say((*keys, "to"), "the window ends before it begins", "swap from and to", (*keys, "from"))


def _check_file(report: Report, keys: Keys, file: DataFile) -> None:
    path = file.path
    try:
        if path.is_dir():
            what, fix = f"{file} is a directory", "name a file"
        elif not path.exists():
            here = Path(file.written).is_file()
            relative = os.path.relpath(file.written, file.folder)
            fix = f"paths are relative to the scenario file: write {relative}" if here else ""
            what, fix = (
                f"there is no file {file}",
                fix or "check the path; it is relative to the scenario file",
            )
        elif not path.is_file() or not os.access(path, os.R_OK):
            what, fix = f"{file} cannot be read", "check that it is a file, and its permissions"
        else:
            return
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        what, fix = f"{file} cannot be read: {reason}", "check the path"
    report.say(keys, what, fix)
