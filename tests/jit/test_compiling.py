"""What a compiled function is: its arithmetic, its arguments, its time; and where there is none to be had."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace

import numpy as np
import pytest

from apigw_sim import jit
from apigw_sim.jit import compiling

BIG = np.zeros(1_000_000)


def ratio(a, b):
    return a // b


def remainder_and(a, b):
    return ratio(a, b) + a % b


def twice(x):
    return x + x


def constant(x):
    return x * 2


def of_a_big_table(i):
    return BIG[i]


def test_a_division_by_zero_gives_0_in_helpers_too_which_stay_plain(cache: Path, told: list[str]) -> None:
    fast = jit.compiled(remainder_and, "int64(int64, int64)", helpers=(ratio,))
    assert (fast(7, 2), fast(-7, 2)) == (remainder_and(7, 2), remainder_and(-7, 2)) == (4, -3)
    assert fast(7, 0) == 0
    with pytest.raises(ZeroDivisionError):
        remainder_and(7, 0)


def test_integers_wrap_and_other_types_are_refused(cache: Path, told: list[str]) -> None:
    fast = jit.compiled(twice, "int64(int64)")
    assert fast(2**62) == -(2**63)
    with pytest.raises(TypeError):
        fast(np.zeros(2))
    assert len(fast.signatures) == 1


def test_one_function_may_have_several_signatures_each_made_once(cache: Path, told: list[str]) -> None:
    from numba import types

    whole = jit.compiled(constant, "int64(int64)")
    real = jit.compiled(constant, types.float64(types.float64))
    assert (whole(3), real(1.5)) == (6, 3.0)
    assert jit.compiled(constant, types.int64(types.int64)) is whole
    assert len(list(cache.rglob("*.kernel"))) == 2
    assert len(told) == 1


def test_what_cannot_be_kept_is_a_mistake(cache: Path, told: list[str]) -> None:
    with pytest.raises(TypeError, match=r"of_a_big_table cannot be kept: it uses large arrays"):
        jit.compiled(of_a_big_table, "float64(int64)")


def test_what_is_told_may_be_heard_by_another(cache: Path, told: list[str]) -> None:
    jit.compiled(ratio, "int32(int32, int32)")
    assert told == [f"compiling the fast engine, once for this version: about 40 s (kept in {jit.folder()})"]


# --- times ------------------------------------------------------------------------------------------------


def test_each_function_has_its_own_time_and_the_sum_is_no_more_than_the_whole(
    cache: Path, told: list[str]
) -> None:
    before, start = dict(jit.compile_times()), perf_counter()
    jit.compiled(remainder_and, "int16(int16, int16)", helpers=(ratio,))
    whole = perf_counter() - start
    after = dict(jit.compile_times())
    took = {name.rpartition(".")[2]: after[name] - before.get(name, 0.0) for name in after}
    assert took["ratio"] > 0
    assert took["remainder_and"] > 0
    assert sum(took.values()) <= whole


def test_a_time_is_without_the_functions_compiled_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """outer from 0 to 10 s, in it inner from 2 to 5, and a part of numba from 5 to 8 with deep in it from 6 to 7."""
    from apigw_sim.jit import times

    now = 0.0
    monkeypatch.setattr(times, "perf_counter", lambda: now)
    heard = times.Times()
    for at, module, name in (
        (0.0, "ours", "outer"), (2.0, "ours", "inner"), (5.0, "", ""), (5.0, "numba.core", "part"),
        (6.0, "ours", "deep"), (7.0, "", ""), (8.0, "", ""), (10.0, "", ""),
    ):  # fmt: skip
        now = at
        function = SimpleNamespace(__module__=module, __qualname__=name)
        if name:
            heard.on_start(SimpleNamespace(data={"dispatcher": SimpleNamespace(py_func=function)}))
        else:
            heard.on_end(None)
    assert heard.seconds == {"ours.inner": 3.0, "ours.deep": 1.0, "ours.outer": 6.0}


# --- nowhere ----------------------------------------------------------------------------------------------


def test_it_is_usable_here() -> None:
    assert jit.unusable() is None


@pytest.mark.parametrize(("value", "reason"), [("1", "NUMBA_DISABLE_JIT is set"), ("0", None), ("", None)])
def test_it_is_unusable_where_numba_is_told_not_to_compile(
    monkeypatch: pytest.MonkeyPatch, value: str, reason: str | None
) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", value)
    found = jit.unusable()
    assert (found is None) == (reason is None)
    assert reason is None or reason in str(found)


def test_without_numba_it_is_unusable_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    assert jit.unusable() == "numba is not installed; pip install numba"
    with pytest.raises(jit.UnusableError, match="the fast engine can't be had here: numba is not installed"):
        jit.compiled(twice, "int64(int64)")


def test_a_numba_that_cannot_be_imported_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when numpy is newer than it knows."""
    monkeypatch.setattr(compiling, "unusable", lambda: None)
    monkeypatch.setitem(sys.modules, "numba.core.config", None)
    with pytest.raises(jit.UnusableError, match="numba cannot be imported: "):
        jit.check_usable()


def test_a_numba_that_is_configured_not_to_compile_is_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numba.core.config.DISABLE_JIT", 1)
    with pytest.raises(jit.UnusableError, match="numba is configured not to compile"):
        jit.check_usable()
