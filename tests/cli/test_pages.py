"""How a page is laid out: plain in a pipe, wrapped and in colours on a terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

from apigw_sim.cli import console
from apigw_sim.plan import plan
from apigw_sim.scenario import load
from apigw_sim.terminal import Page, Words
from apigw_sim.terminal.limits import phrase
from apigw_sim.terminal.words import line_of, many, ms, percent, span

LONG = "a sentence of many words that no terminal of forty columns can hold in one line, and so it goes on"


def made() -> Page:
    page = Page()
    page.title("TITLE", "beside")
    page.line(LONG)
    page.exact("path." * 20)
    page.table(
        [("web", "1,234", LONG), (Words("x[bold]y", "red"), "5", "")], "lrl", ("name", "count", "what")
    )
    return page


def test_in_a_pipe_nothing_is_wrapped_coloured_or_padded() -> None:
    assert made().plain() == (
        "TITLE  beside\n"
        f"  {LONG}\n"
        f"  {'path.' * 20}\n"
        "  name      count  what\n"
        f"  web       1,234  {LONG}\n"
        "  x[bold]y      5\n"
    )


def test_on_a_terminal_sentences_wrap_under_their_text_and_paths_stay_whole() -> None:
    lines = made().coloured(40, None).splitlines()
    assert lines[1:4] == [
        "  a sentence of many words that no",
        "    terminal of forty columns can hold",
        "    in one line, and so it goes on",
    ]
    assert lines[4] == "  " + "path." * 20
    assert lines[6] == "  web       1,234  a sentence of many"
    assert max(len(line) for number, line in enumerate(lines) if number != 4) <= 40


def test_colours_are_those_of_the_terminal() -> None:
    coloured = made().coloured(80, "standard")
    assert "\x1b[1mTITLE\x1b[0m" in coloured
    assert "\x1b[31mx[bold]y\x1b[0m" in coloured
    assert "\x1b" not in made().coloured(80, None)


def test_a_page_in_a_pipe_does_not_depend_on_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = made().plain()
    for name, value in (("COLUMNS", "30"), ("FORCE_COLOR", "1"), ("TERM", "dumb"), ("TTY_COMPATIBLE", "1")):
        monkeypatch.setenv(name, value)
    assert made().plain() == plain


def on_a_terminal(folder: Path, *arguments: str, **env: str) -> tuple[int, str, str]:
    """The command with standard output and error on a terminal of 70 columns: status and what each got."""
    ends = [pty.openpty(), pty.openpty()]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "apigw_sim", *arguments], cwd=folder, stdout=ends[0][1], stderr=ends[1][1],
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "70", **env},
    )  # fmt: skip
    for _, end in ends:
        os.close(end)
    read = {mine: b"" for mine, _ in ends}
    waiting = set(read)
    while waiting:
        for mine in select.select(list(waiting), [], [], 60)[0]:
            try:
                data = os.read(mine, 65536)
            except OSError:  # so a terminal says that its other end is closed
                data = b""
            read[mine] += data
            if not data:
                waiting.remove(mine)
                os.close(mine)
    out, err = (text.decode().replace("\r\n", "\n") for text in read.values())
    return process.wait(timeout=60), out, err


def test_a_terminal_gets_colours_and_a_bar_of_simulated_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    status, out, err = on_a_terminal(folder, "run", "tiny.yaml")
    assert status == 0
    assert "\x1b[1mREQUESTS\x1b[0m" in out
    shown = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in out.splitlines()]
    assert max(len(line) for line in shown if "method_settings" not in line) <= 70
    assert "simulating" in err
    assert "0 s of 10 s" in err
    assert "10 s of 10 s" in err


def test_no_color_is_honoured(folder: Path) -> None:
    status, out, _ = on_a_terminal(folder, "run", "tiny.yaml", NO_COLOR="1")
    assert status == 0
    assert "REQUESTS" in out
    assert "\x1b" not in out


def test_a_pipe_gets_no_bar(command) -> None:
    with console.progress("simulating", 10) as told:
        told(5)
    assert command("run", "tiny.yaml").stderr == ""


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 s"), (1, "0 ms"), (1_500_000, "1.5 ms"), (999_999_999, "1000 ms"), (1_000_000_000, "1 s"),
        (61_500_000_000, "1 min 1.5 s"), (3_600_000_000_000, "1 h"), (90_061_000_000_000, "1 d 1 h 1 min 1 s"),
    ],
)  # fmt: skip
def test_a_span_of_time(ns: int, text: str) -> None:
    assert span(ns) == text


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("a/b.yaml:5:30", "a/b.yaml:5"), ("C:\\b.yaml:5:30", "C:\\b.yaml:5"), ("default", "AWS's default"),
        ("override", "set by an override"), ("account.throttle.rate", "account.throttle.rate"),
    ],
)  # fmt: skip
def test_a_place(where: str, text: str) -> None:
    assert line_of(where) == text


def test_numbers_for_people() -> None:
    assert [many(n, "row") for n in (0, 1, 1234)] == ["0 rows", "1 row", "1,234 rows"]
    assert [ms(value) for value in (None, 0.04, 999.94, 12345.6)] == ["-", "0.0", "999.9", "12,346"]
    assert [percent(n, 10_000) for n in (0, 1, 5, 9_995, 9_999, 10_000)] == [
        "0.0 %", "<0.1 %", "0.1 %", ">99.9 %", ">99.9 %", "100.0 %",
    ]  # fmt: skip
    assert percent(0, 0) == "0.0 %"


def test_every_limit_of_the_flash_sale_has_a_name_in_a_sentence(root: Path) -> None:
    planned = plan(load(root / "scenarios/flash_sale.yaml"))
    assert [" ".join(phrase(limit, several_stages=True)).strip() for limit in planned.limits] == [
        "the account's limit 10000/s, burst 5000",
        "to shop/prod the limit of every method 2000/s, burst 1000 each",
        "for POST /orders of shop/prod the method limit 200/s, burst 100",
        "usage plan gold's limit 100/s, burst 200 per key",
        "usage plan gold's quota 1000000 per DAY and key",
        "for GET /stock/{id} usage plan gold's method limit 20/s, burst 40 per key",
        "usage plan free's limit 5/s, burst 10 per key",
        "usage plan free's quota 500 per DAY and key",
        "the account's concurrency 900 unreserved of 1000",
        "the account's ten a second per unit of concurrency, 10000/s",
        "of catalogue its scaling rate 1000 per 10 s",
        "of checkout its reserved concurrency 100",
        "of checkout its ten a second per unit of reserved concurrency, 1000/s",
        "of checkout its scaling rate 1000 per 10 s",
        "to inventory its capacity 64 at once, queue 200",
    ]
