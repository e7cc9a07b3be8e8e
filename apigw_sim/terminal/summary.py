"""The summary of a run for a person: what was carried, what was refused and why, and where to look first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apigw_sim.plan.tables import LimitKind, Plan
from apigw_sim.rules.reason import REASONS
from apigw_sim.terminal.firehose import firehoses
from apigw_sim.terminal.limits import AT_GATEWAY, look_first, refusals
from apigw_sim.terminal.page import Page, Words
from apigw_sim.terminal.records import records
from apigw_sim.terminal.words import count, figures, many, ms, percent, rate, span
from apigw_sim.units import SECOND, show_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apigw_sim.result import Result

Summary = dict[str, Any]

MOST_ROWS = 12
"""Rows of a table of clients, stages or functions; summary.json has the rest."""
HEAD = ("mean", "p50", "p90", "p99", "max")


def page(result: Result, file: str, again: str) -> Page:
    """What `run` prints; commands it proposes name the scenario's file, or with it the options of this run."""
    made, summary, plan = Page(), result.summary, result.plan
    _header(made, summary, plan)
    _requests(made, summary, plan)
    _refused(made, summary, plan)
    _latency(made, summary)
    _clients(made, summary)
    _functions(made, summary)
    _authorizers(made, summary)
    _events(made, summary)
    _queues(made, summary)
    firehoses(made, summary)
    _databases(made, summary)
    _web_acls(made, summary)
    _connections(made, summary)
    records(made, summary)
    _cache(made, summary)
    _alarms(made, summary)
    _traces(made, result)
    _mind(made, summary, plan)
    _expectations(made, summary)
    made.title("LOOK FIRST AT")
    look_first(made, plan, summary["limits"])
    for why in _followed(summary):
        made.exact(f"follow  apigw-sim explain {again} --first {why}", indent=4)
    made.line("")
    _assumptions(made, result, file)
    return made


def unmet(summary: Summary) -> bool:
    """Whether an expectation failed; one without a sample has failed, too."""
    return any(row["met"] is not True for row in summary["expectations"])


def _header(made: Page, summary: Summary, plan: Plan) -> None:
    where = " and ".join(region.name for region in plan.regions)
    length = f"{span(plan.duration)} from {plan.start.isoformat(sep=' ')} in {where}"
    warm_up = f", the first {span(plan.warm_up)} warm-up and left out" if plan.warm_up else ""
    made.title(f"{summary['scenario']}, seed {summary['seed']}", f"engine {summary['engine']}")
    made.line(length + warm_up)
    for override in summary["overrides"]:
        made.line(f"with {override}", "dim", hang=4)


# what came and what became of it


def _requests(made: Page, summary: Summary, plan: Plan) -> None:
    requests, whole = summary["requests"], summary["requests"]["count"]
    made.title("REQUESTS")
    if not whole:
        made.line("no request arrived after the warm-up" if plan.warm_up else "no request arrived")
        return
    by_status = {int(status): n for status, n in requests["by_status"].items()}
    carried = sum(n for status, n in by_status.items() if status < 400)
    refused = by_status.get(429, 0)
    failed = sum(n for status, n in by_status.items() if status >= 500)
    rows: list[tuple[str | Words, ...]] = [
        ("offered", count(whole), "", rate(requests["offered_per_s"]), ""),
        (
            Words("carried", "green"),
            count(carried),
            percent(carried, whole),
            rate(requests["carried_per_s"]),
            "2xx and 3xx",
        ),
    ]
    if refused:
        rows.append((Words("refused", "red"), count(refused), percent(refused, whole), "", "429"))
    if other := whole - carried - refused - failed:
        rows.append(("other 4xx", count(other), percent(other, whole), "", _reasons(summary, 400, 500)))
    if failed:
        rows.append(
            (Words("5xx", "red"), count(failed), percent(failed, whole), "", _reasons(summary, 500, 600))
        )
    made.table(rows, "lrrrl")
    _stages(made, summary)


def _reasons(summary: Summary, low: int, high: int) -> str:
    """Reasons of a class of statuses, refusals of throttles left out: those are told one by one."""
    own = {"BACKEND_4XX": 400, "BACKEND_5XX": 500}
    status = {why.name: why.status or own.get(why.name, 200) for why in REASONS}
    found = [
        f"{name} {count(n)}"
        for name, n in summary["requests"]["by_reason"].items()
        if low <= status[name] < high and status[name] != 429
    ]
    return ", ".join(found)


def _stages(made: Page, summary: Summary) -> None:
    """The busiest second, and a table where there are several stages."""
    stages = {name: row for name, row in summary["stages"].items() if row["count"]}
    if len(stages) > 1:
        made.line("")
        rows = [
            (
                name, count(row["count"]), percent(row["4XXError"], 1), percent(row["5XXError"], 1),
                ms(row["latency_ms"]["p99"]), *_busiest(row),
            )
            for name, row in list(stages.items())[:MOST_ROWS]
        ]  # fmt: skip
        made.table(
            rows,
            "lrrrrrrl",
            ("stage", "Count", "4XXError", "5XXError", "p99 ms", "busiest second", "carried", "at"),
        )
        _cut(made, len(stages))
    else:
        for name, row in stages.items():
            arrived, carried, at = _busiest(row)
            made.line(f"busiest second of {name}: {arrived} arrived, {carried} carried, at {at}")
    for name, row in stages.items():
        if "canary" in row and row["canary"]["count"]:
            of = row["canary"]
            made.line(
                f"canary of {name}: {count(of['count'])} of its requests, 4XXError {percent(of['4XXError'], 1)}, "
                f"5XXError {percent(of['5XXError'], 1)}, p99 {ms(of['latency_ms']['p99'])} ms"
            )


def _busiest(row: dict[str, Any]) -> tuple[str, str, str]:
    second = row["busiest_second"]
    if second is None:
        return "-", "-", "-"
    return count(second["arrived"]), count(second["carried"]), span(second["at_s"] * SECOND)


def _cut(made: Page, rows: int) -> None:
    if rows > MOST_ROWS:
        made.line(f"... and {count(rows - MOST_ROWS)} more in summary.json (--out)", "dim")


def _refused(made: Page, summary: Summary, plan: Plan) -> None:
    made.title("REFUSED")
    refusals(made, plan, summary["limits"])
    if summary["requests"]["by_reason"].get("THROTTLED"):
        made.line("AWS calls its throttles targets: it may let more through (assumptions.throttling)", "dim")
    if any(summary["lambda_throttled_by"].values()):
        made.line("what Lambda refuses is a 5xx to the caller who waits for it, not a 429", "dim")


# where latency comes from


def _latency(made: Page, summary: Summary) -> None:
    if not summary["requests"]["count"]:
        return
    rows = [
        ("CloudWatch's Latency", *figures(summary["latency_ms"]), "all answers"),
        ("Latency of 2xx", *figures(summary["latency_2xx_ms"]), ""),
        ("IntegrationLatency", *figures(summary["integration_latency_ms"]), "backend asked"),
    ]
    clients = [(name, row) for name, row in summary["clients"].items() if row["calls"]]
    for name, row in clients[:MOST_ROWS]:
        rows.append((f"callers: {name}", *figures(row["call_latency_ms"]), "with retries"))
        if "intended_latency_ms" in row:
            never = row["not_started"]
            note = f"since they were due; {count(never)} of {count(row['calls'] + never)} never started"
            rows.append((f"callers: {name}", *figures(row["intended_latency_ms"]), note))
    made.title("LATENCY, ms")
    made.table(rows, "lrrrrrl", ("", *HEAD, ""))
    _cut(made, len(clients))


def _clients(made: Page, summary: Summary) -> None:
    rows = [
        (
            name, count(row["calls"]), percent(row["succeeded"], row["calls"]), rate(row["goodput_per_s"]),
            count(row["gave_up"]), f"{row['amplification'] or 0:.3f}", count(row["duplicate_executions"]),
            count(row["executed_for_nobody"]),
        )
        for name, row in summary["clients"].items()
        if row["calls"]
    ]  # fmt: skip
    if rows:
        made.title("CALLERS")
        made.table(
            rows[:MOST_ROWS], "lrrrrrrr",
            ("", "calls", "succeeded", "goodput", "failed", "attempts/call", "run twice", "for nobody"),
        )  # fmt: skip
        _cut(made, len(rows))
    for name, row in summary["clients"].items():
        if row.get("lost_requests"):
            lost = many(row["lost_requests"], "request")
            made.line(f"{name} lost {lost} on the way: no metric and no log of AWS's has them")


# what stood behind


def _functions(made: Page, summary: Summary) -> None:
    rows = [
        (
            name, count(row["invocations"]), count(row["cold_starts"]), count(row["throttles"]), count(row["errors"]),
            *((f"{row['mean_concurrency']:,.1f}", count(row["max_concurrency"])) if "max_concurrency" in row else ("", "")),
            f"{row['billed_gb_s']:,.1f}",
        )
        for name, row in _lines(summary)
        if row["invocations"] or row["throttles"]
    ]  # fmt: skip
    if rows:
        made.title("LAMBDA")
        made.table(
            rows[:MOST_ROWS], "lrrrrrrr",
            ("", "Invocations", "cold", "Throttles", "Errors", "at once: mean", "most", "GB-s"),
        )  # fmt: skip
        _cut(made, len(rows))


def _lines(summary: Summary) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each function, and below it its versions."""
    for name, row in summary["functions"].items():
        yield name, row
        for version, of_version in row.get("versions", {}).items():
            yield f"  {name}:{version}", of_version


def _authorizers(made: Page, summary: Summary) -> None:
    rows = [
        (
            name, count(row["requests"]), count(row["hits"]), count(row["misses"]), count(row["unauthorized"]),
            count(row["denied"]), count(row["failed"]),
            "" if row["took_ms"]["p50"] is None else f"{ms(row['took_ms']['p50'])} / {ms(row['took_ms']['p99'])} ms",
        )
        for name, row in summary.get("authorizers", {}).items()
    ]  # fmt: skip
    if rows:
        made.title("AUTHORIZERS")
        made.table(
            rows[:MOST_ROWS], "lrrrrrrr",
            ("", "requests", "cached", "asked", "401", "403", "500", "p50 / p99 if asked"),
        )  # fmt: skip
        _cut(made, len(rows))


def _events(made: Page, summary: Summary) -> None:
    rows = [
        (
            name, count(row["received"]), count(row["succeeded"]), count(row["retried"]), count(row["failed"]),
            count(row["expired"]), count(row["max_at_once"]), f"{row['max_age_s']:,.1f} s",
        )
        for name, row in ((name, of.get("events")) for name, of in summary["functions"].items())
        if row and row["received"]
    ]  # fmt: skip
    if rows:
        made.title("EVENTS")
        heads = ("", "received", "succeeded", "retries", "failed", "too old", "at once: most", "oldest tried")
        made.table(rows[:MOST_ROWS], "lrrrrrrr", heads)
        _cut(made, len(rows))


def _queues(made: Page, summary: Summary) -> None:
    rows = [
        (
            name, count(row["sent"]), count(row["deleted"]), count(row["dead_letters"]), count(row["max_visible"]),
            f"{row['max_age_s']:,.1f} s", "" if row["emptied_at_s"] is None else f"{row['emptied_at_s']:,.1f} s",
        )
        for name, row in summary.get("queues", {}).items()
    ]  # fmt: skip
    if rows:
        made.title("QUEUES")
        made.table(
            rows[:MOST_ROWS],
            "lrrrrrr",
            ("", "sent", "deleted", "dead letters", "most visible", "oldest", "empty from"),
        )
        _cut(made, len(rows))


def _web_acls(made: Page, summary: Summary) -> None:
    rows = [
        (f"{acl} {name}", rule["action"], count(rule["matched"]), percent(rule["matched"], row["requests"]))
        for acl, row in summary.get("web_acls", {}).items()
        for name, rule in row["rules"].items()
    ]
    if rows:
        made.title("WEB ACLS")
        made.table(rows[:MOST_ROWS], "llrr", ("", "action", "matched", "of requests"))
        _cut(made, len(rows))


def _databases(made: Page, summary: Summary) -> None:
    rows = [
        (
            name, count(row["connections"]), f"{row['mean_held']:,.1f}", count(row["max_held"]),
            f"{row['mean_at_work']:,.1f}", count(row["max_at_work"]), count(row["refused"]),
        )
        for name, row in summary.get("databases", {}).items()
    ]  # fmt: skip
    if rows:
        made.title("DATABASES")
        heads = ("", "connections", "held: mean", "most", "at work: mean", "most", "refused")
        made.table(rows[:MOST_ROWS], "lrrrrrr", heads)
        _cut(made, len(rows))


def _connections(made: Page, summary: Summary) -> None:
    rows = [
        (
            name, count(row["opened"]), *(count(closed) for closed in row["closed"].values()), count(row["open_at_end"]),
            f"{row['mean_open']:,.1f}", count(row["max_open"]),
        )
        for name, row in summary.get("connections", {}).items()
    ]  # fmt: skip
    if rows:
        made.title("CONNECTIONS")
        made.table(
            rows[:MOST_ROWS],
            "lrrrrrrrrr",
            ("", "opened", "closed", "idle", "after 2 h", "lost", "too large", "open still", "mean", "most"),
        )
        _cut(made, len(rows))


def _cache(made: Page, summary: Summary) -> None:
    cache = summary["cache"]
    looked = cache["hits"] + cache["misses"]
    if looked:
        made.title("CACHE")
        made.line(
            f"{many(cache['hits'], 'hit')} and {count(cache['misses'])} misses:"
            f" {percent(cache['hits'], looked)} of lookups were answered by it"
        )
        if cache["served_other"]:
            made.line(f"{many(cache['served_other'], 'hit')} answered with another resource's entry", "red")


def _alarms(made: Page, summary: Summary) -> None:
    """Those that rang first; the others together."""
    rang = [row for row in summary["alarms"] if any(state["state"] == "ALARM" for state in row["states"])]
    if not summary["alarms"]:
        return
    made.title("ALARMS")
    rows = []
    for row in rang[:MOST_ROWS]:
        first = next(state for state in row["states"] if state["state"] == "ALARM")
        last = row["states"][-1]
        now = "" if last is first else f"{last['state']} since {span(round(last['at_s'] * SECOND))}"
        times = sum(state["state"] == "ALARM" for state in row["states"])
        rows.append((
            Words("ALARM", "bold red"), f"at {span(round(first['at_s'] * SECOND))}", row["name"],
            "" if times == 1 else f"{times} times", now, first["reason"],
        ))  # fmt: skip
    made.table(rows, "llllll")
    _cut(made, len(rang))
    quiet = len(summary["alarms"]) - len(rang)
    blind = sum(row["states"][-1]["state"] == "INSUFFICIENT_DATA" for row in summary["alarms"])
    if quiet:
        made.line(
            f"{many(quiet, 'alarm')} did not ring"
            + (f"; {count(blind)} without data at the end" if blind else "")
        )


def _traces(made: Page, result: Result) -> None:
    told = [(client.name, client.trace) for client in result.plan.clients if client.trace is not None]
    if not told:
        return
    made.title("TRACES")
    for name, report in told:
        scale = ""
        if (
            result.scenario is not None
            and (trace := result.scenario.clients[name].arrivals.trace) is not None
        ):
            scale = f" times {show_number(trace.scale)}" if trace.scale != 1 else ""
        made.line(
            f"{name}: {report.file}: {many(report.rows, 'row')}, {many(report.requests, 'request')}{scale}:"
            f" {count(report.placed)} placed in the run, {count(report.cut)} outside of it"
        )
        if report.missing_periods:
            made.line(
                f"{many(report.missing_periods, 'period')} of {span(report.period_ns)} missing: none placed",
                indent=4,
            )
        if report.unreadable:
            made.line(
                f"{many(report.unreadable, 'line')} could not be read, the first is line {report.first_unreadable}",
                indent=4,
            )
        for note in report.notes:
            made.line(note, indent=4)


# how to read it


def _mind(made: Page, summary: Summary, plan: Plan) -> None:
    """What the figures above do not say by themselves."""
    says = []
    if sum(summary["throttled_by"].values()) + sum(summary["lambda_throttled_by"].values()):
        every, carried = summary["latency_ms"]["mean"], summary["latency_2xx_ms"]["mean"]
        beside = ""
        if carried is not None and every < carried:
            beside = f": its mean is {ms(every)} ms, that of 2xx alone {ms(carried)} ms"
        says.append(f"refusals answer fast and improve CloudWatch's Latency{beside}")
    if any(
        row["refused"]
        for row, limit in zip(summary["limits"], plan.limits, strict=True)
        if limit.kind in AT_GATEWAY
    ):
        says.append(
            "AWS applies throttles and quotas as targets, on a best-effort basis, not as ceilings:"
            " expect about so many refusals, not exactly these"
        )
    buckets = (LimitKind.ACCOUNT, LimitKind.METHOD, LimitKind.PLAN, LimitKind.PLAN_METHOD)
    if plan.period > SECOND and any(
        row["refused"]
        for row, limit in zip(summary["limits"], plan.limits, strict=True)
        if limit.kind in buckets
    ):
        says.append(
            f"counts per {span(plan.period)} hide what buckets see: compare limits with the busiest second"
        )
    exact = [summary["latency_ms"], *(row["call_latency_ms"] for row in summary["clients"].values())]
    if not all(one["exact"] for one in exact):
        says.append("percentiles of more than 100,000 samples are read from a histogram, within 0.8 %")
    if says:
        made.title("CAVEATS")
        for text in says:
            made.line(text)


def _expectations(made: Page, summary: Summary) -> None:
    rows = []
    for row in summary["expectations"]:
        verdict = {True: Words("met", "green"), False: Words("NOT MET", "bold red")}.get(
            row["met"], Words("NO SAMPLE", "bold red")
        )
        periods = (
            f"in {count(row['periods_met'])} of {many(row['periods'], 'period')}" if "periods" in row else ""
        )
        rows.append((verdict, row["text"], found(row), periods))
    if rows:
        made.title("EXPECTED")
        made.table(rows, "llrl")


def found(row: dict[str, Any]) -> str:
    """What was found, in the unit of what was expected; empty without a sample."""
    value, text = row["value"], row["text"]
    if value is None:
        return ""
    if any(
        f"({metric})" in text.replace(" ", "")
        for metric in ("Latency", "IntegrationLatency", "Duration", "call_latency")
    ):
        return f"{ms(value)} ms" if "count(" not in text.replace(" ", "") else count(value)
    if "%" in text:
        return percent(value, 1)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _followed(summary: Summary) -> list[str]:
    """Reasons worth following with `explain`: the commonest refusal or failure of the gateway, and of the rest."""
    by_reason = summary["requests"]["by_reason"]
    found = [(n, name) for name, n in by_reason.items() if name not in ("OK", "BACKEND_4XX")]
    return [name for _, name in sorted(found, key=lambda pair: -pair[0])[:2]]


def _assumptions(made: Page, result: Result, file: str) -> None:
    leant_on = result.summary["assumptions"]
    changed = ""
    if result.scenario is not None:
        from apigw_sim.scenario.settings import Assumptions

        default = Assumptions()
        names = [
            name
            for name in Assumptions.model_fields
            if getattr(result.scenario.assumptions, name) != getattr(default, name)
        ]
        mine = [text for text in leant_on if text.partition("=")[0] in names]
        changed = f"; changed here: {', '.join(mine)}" if mine else ""
    made.line(
        f"It leans on {many(len(leant_on), 'assumption')} about what AWS leaves open{changed};"
        f" apigw-sim check {file} explains them.",
        indent=0, hang=0,
    )  # fmt: skip
