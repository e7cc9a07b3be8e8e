"""Rules on detailed metrics and alarms."""

from __future__ import annotations

from collections.abc import Callable

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
SETTINGS = "apis.shop.stages.prod.method_settings"


def test_met001_fires_with_the_price_of_what_is_enabled(one: One) -> None:
    path, text, fix = one("MET001", {f"{SETTINGS}.every_method.metrics": True})
    assert path == f"{SETTINGS}.every_method.metrics"
    # three methods of five metrics, at 0.30 USD each
    assert text == "detailed metrics of 3 methods of shop/prod are 15 metrics: about 4.50 USD a month"
    assert "those of the stage are free" in fix
    path, text, _ = one(
        "MET001",
        {f'{SETTINGS}["GET /list"].metrics': True, "apis.shop.stages.prod.cache_cluster": "0.5 GB"},
    )
    assert path == f'{SETTINGS}["GET /list"].metrics'
    assert text == "detailed metrics of 1 method of shop/prod are 7 metrics: about 2.10 USD a month"


def test_met001_is_silent_where_they_are_off(advice: Advised) -> None:
    assert not advice("MET001")
    assert not advice("MET001", {f"{SETTINGS}.every_method.metrics": False})


ALARM = {"metric": "shop/prod GET /list Count", "statistic": "Sum", "threshold": "< 1"}


def test_alrm001_fires_for_a_method_without_detailed_metrics(one: One) -> None:
    path, text, fix = one("ALRM001", alarms={"quiet": ALARM})
    assert path == "alarms.quiet.metric"
    assert (
        text == "alarm quiet watches shop/prod GET /list, which has no series of its own: it never has data"
    )
    assert fix == "write method_settings: {GET /list: {metrics: true}}, or let it watch shop/prod"


def test_alrm001_is_silent_where_they_are_on_and_for_stages(advice: Advised) -> None:
    assert not advice("ALRM001", {f"{SETTINGS}.every_method.metrics": True}, alarms={"quiet": ALARM})
    assert not advice("ALRM001", alarms={"quiet": {**ALARM, "metric": "shop/prod Count"}})


def test_alrm002_fires_where_the_run_is_too_short(one: One) -> None:
    short = {**ALARM, "metric": "shop/prod Count", "datapoints": "9 of 9"}
    # nine minutes of data and a minute until the last is seen
    path, text, fix = one("ALRM002", {"run.duration": "599 s"}, alarms={"low": short})
    assert path == "alarms.low.datapoints"
    assert (
        text
        == "alarm low needs 9 datapoints of 1 min, and the run lasts 599 s: at best it rings after the end"
    )
    assert fix == "let the run last 10 min at least, or ask for fewer datapoints"


def test_alrm002_is_silent_where_it_may_ring(advice: Advised) -> None:
    short = {**ALARM, "metric": "shop/prod Count", "datapoints": "9 of 9"}
    assert not advice("ALRM002", {"run.duration": "10 min"}, alarms={"low": short})


def test_recommended_alarms_that_come_too_late_are_named_each(advice: Advised) -> None:
    found = advice("ALRM002", {"run.duration": "5 min"}, alarms={"recommended": {"of": ["shop/prod"]}})
    # 4XXError and Latency ask for five datapoints, 5XXError for three
    assert [each.text.split()[1] for each in found] == ["shop-prod-4XXError", "shop-prod-Latency"]
    assert {each.path for each in found} == {"alarms.recommended"}


LOG = "apis.shop.stages.prod.access_log.format"


def test_log001_fires_once_for_all_that_is_not_simulated(one: One) -> None:
    template = (
        "$context.requestId $context.identity.userAgent $context.identity.caller $context.identity.userAgent"
    )
    path, text, fix = one("LOG001", {LOG: template})
    assert path == LOG
    assert text.endswith("prints - for it: $context.identity.userAgent, $context.identity.caller")
    assert fix == "leave them out, or keep them where a log tool wants the column"


def test_log001_is_silent_for_aws_s_own_formats_and_for_what_is_simulated(advice: Advised) -> None:
    assert not advice("LOG001")
    assert not any(advice("LOG001", {LOG: form}) for form in ("clf", "json", "csv"))
    assert not advice("LOG001", {LOG: "$context.requestId $context.error.message"})
