"""From one process to the next: what was compiled is loaded, unless anything about it has changed or broken."""

from __future__ import annotations

import pickle

import pytest

from apigw_sim.jit import store

COMPILING = "compiling the fast engine, once for this version: about 40 s (kept in {})\n"
NOT_KEPT = "compiling the fast engine: about 40 s (not kept: {} cannot be written: {})\n"
COMPILED = ["toy.step", "toy.total"]

# No write of any kind reaches the cache, whoever asks; root too, whom permission bits don't stop.
READ_ONLY = """
def read_only(event, arguments):
    if event == "open":
        writes = arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    else:
        writes = event in {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.utime", "os.chmod", "os.link"}
    if writes and str(arguments[0]).startswith(os.environ["APIGW_SIM_CACHE"]):
        raise OSError(30, "Read-only file system", str(arguments[0]))
sys.addaudithook(read_only)
try:
    Path(os.environ["APIGW_SIM_CACHE"], "x").write_bytes(b"")
except OSError:
    pass
else:
    raise SystemExit("it was written")
"""

STAMPED = "sources.SOURCES = ('*.py',)\n"
"""The toy is what the stamp is of."""
NO_MEANING = (
    "from apigw_sim.jit import kept, meaning; kept.meaning = meaning.meaning = lambda functions: ''\n"
)


def test_the_next_process_loads_what_one_compiled(toy) -> None:
    first, second = toy.run(), toy.run()
    place = toy.kernel().parent
    assert place.parent == toy.cache
    assert (first.found["total"], first.compiled, first.told) == (15, COMPILED, COMPILING.format(place))
    assert (second.found["total"], second.compiled, second.told) == (15, [], "")


def test_what_was_kept_is_loaded_without_setting_up_all_of_numba(toy) -> None:
    """Arrays want numba's runtime, which is; a symbol that nothing knows, or an unknown list of them, wants the rest."""
    toy.run("say(element=element([1, 5], 1))")
    counted = (
        "from numba.core.base import BaseContext\n"
        "done, refresh = [], BaseContext.refresh\n"
        "BaseContext.refresh = lambda self: (done.append(1), refresh(self))\n"
    )
    found = toy.run(counted + "say(element=element([1, 5], 1), set_up=len(done))")
    assert (found.found["element"], found.compiled, found.found["set_up"]) == (5, [], 0)
    for symbols in ("['malloc', 'nobody_has_this']", "None"):
        unknown = f"from apigw_sim.jit import kept; before = kept._set_up; kept._set_up = lambda c, s: before(c, {symbols})\n"
        found = toy.run(counted + unknown + "say(element=element([1, 5], 1), set_up=len(done))")
        assert (found.found["element"], found.compiled, found.found["set_up"] > 0) == (5, [], True)


def test_it_is_told_once_however_many_functions(toy) -> None:
    done = toy.run("say(total=total(5), share=share(7, 2), element=element([1, 5], 1))")
    assert (done.found["total"], done.found["share"], done.found["element"]) == (15, 3, 5)
    assert done.told.count("\n") == 1


def test_whether_it_is_warm_is_known_without_numba(toy) -> None:
    ask = "warm = jit.is_warm(); heavy = sorted({'numba', 'numpy'} & set(sys.modules)); say(warm=warm, heavy=heavy)"
    assert toy.run(ask).found["warm"] is False
    assert toy.run("say(total=total(5), marked=jit.mark_warm())").found["marked"] is True
    done = toy.run(ask)
    assert (done.found["warm"], done.found["heavy"], done.told) == (True, [], "")


# --- what has changed -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "setup",
    [STAMPED + NO_MEANING, ""],
    ids=["by the stamp of the files alone", "by what was imported alone"],
)
@pytest.mark.parametrize(("old", "new"), [("x * STEP", "x * STEP * 10"), ("STEP = 3", "STEP = 30")])
def test_an_edited_helper_is_seen(toy, setup: str, old: str, new: str) -> None:
    code = setup + "say(total=total(5))"
    assert toy.run(code).found["total"] == 15
    toy.edit(old, new)
    done = toy.run(code)
    assert (done.found["total"], done.compiled) == (150, COMPILED)


def test_an_edit_after_the_import_does_not_leave_old_code_under_the_new_stamp(toy) -> None:
    """As in a notebook: the module is imported, then edited, then compiled; the next process has what it says."""
    edit = "import toy; file = Path('toy.py'); file.write_text(file.read_text().replace('STEP = 3', 'STEP = 30'))\n"
    assert toy.run(STAMPED + edit + "say(total=total(5))").found["total"] == 15
    assert toy.run(STAMPED + "say(total=total(5))").found["total"] == 150


def test_bounds_are_checked_when_numba_is_asked_to_in_helpers_too(toy) -> None:
    code = """
try:
    found = element([1, 5], 10)
except IndexError:
    found = "refused"
say(found=found, warm=jit.is_warm())
"""
    toy.run("say(element=element([1, 5], 1), marked=jit.mark_warm())")
    done = toy.run(code, NUMBA_BOUNDSCHECK="1")
    assert (done.found["found"], done.found["warm"]) == ("refused", False)
    assert done.compiled == ["toy.at", "toy.element"], "and not loaded from what does not check"


# --- folders that cannot be written -----------------------------------------------------------------------


def test_a_read_only_folder_that_is_warm_is_loaded_from(toy) -> None:
    toy.run("say(total=total(5), marked=jit.mark_warm())")
    done = toy.run(READ_ONLY + "say(total=total(5), marked=jit.mark_warm())")
    assert (done.found["total"], done.compiled, done.found["marked"], done.told) == (15, [], True, "")


def test_a_read_only_folder_that_is_not_warm_is_told_of_and_that_is_all(toy) -> None:
    toy.cache.mkdir()
    done = toy.run(
        READ_ONLY + "say(total=total(5), share=share(7, 2), marked=jit.mark_warm(), at=str(jit.folder()))"
    )
    assert (done.found["total"], done.found["share"], done.found["marked"]) == (15, 3, False)
    assert done.told == NOT_KEPT.format(done.found["at"], "Read-only file system")
    assert list(toy.cache.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told_of_and_that_is_all(toy) -> None:
    (toy.folder / "file").write_bytes(b"")
    done = toy.run(
        "say(total=total(5), share=share(7, 2), at=str(jit.folder()))",
        APIGW_SIM_CACHE=str(toy.folder / "file" / "cache"),
    )
    assert (done.found["total"], done.found["share"]) == (15, 3)
    assert done.told == NOT_KEPT.format(done.found["at"], "Not a directory")


def test_a_disk_that_is_full_by_then_is_told_of(toy) -> None:
    full = """
def full(name, content): return "the disk is full"
store.write = full
say(total=total(5), share=share(7, 2))
"""
    done = toy.run(full)
    assert (done.found["total"], done.found["share"]) == (15, 3)
    assert done.told.splitlines()[1:] == ["what was compiled is not kept: the disk is full"]


# --- damage and races -------------------------------------------------------------------------------------


def test_a_damaged_file_is_compiled_anew(toy) -> None:
    code = "say(total=total(5), share=share(7, 2), element=element([1, 5], 1))"
    toy.run(code)
    total, share, element = (next(toy.cache.rglob(f"toy.{name}-*")) for name in ("total", "share", "element"))
    flipped = bytearray(total.read_bytes())
    flipped[len(flipped) // 2] ^= 1
    total.write_bytes(flipped)
    share.write_bytes(share.read_bytes()[:-100])
    strange = pickle.dumps(("what numba", "does not expect"))
    element.write_bytes(store._digest(strange) + strange)
    again, loaded = toy.run(code), toy.run(code)
    for done in (again, loaded):
        assert (done.found["total"], done.found["share"], done.found["element"]) == (15, 3, 5)
    assert {"toy.total", "toy.share", "toy.element"} < set(again.compiled)
    assert loaded.compiled == []


def test_two_processes_at_once_both_answer_and_leave_one_whole_file(toy) -> None:
    """Each waits until the other has not found the file either, so that both compile and both write it."""
    meet = """
read = store.read
def missed(name):
    found = read(name)
    Path(sys.argv[0] + os.environ["ME"]).touch()
    while not Path(sys.argv[0] + os.environ["OTHER"]).exists():
        pass
    return found
store.read = missed
say(total=total(5))
"""
    both = [toy.start(meet, ME="1", OTHER="2"), toy.start(meet, ME="2", OTHER="1")]
    for process in both:
        done = toy.wait(process)
        assert (done.found["total"], done.compiled) == (15, COMPILED)
    third = toy.run()
    assert (third.found["total"], third.compiled) == (15, [])
    assert [path.name for path in toy.cache.rglob("*") if path.is_file()] == [toy.kernel().name]


def test_functions_of_two_processes_share_a_helper(toy) -> None:
    """One is loaded with its copy of the helper, the other is compiled beside it."""
    toy.edit(
        "def share(a, b):", "def shares(a, b):\n    return ratio(a, b) + ratio(a, b)\n\n\ndef share(a, b):"
    )
    toy.run("say(share=share(7, 2))")
    both = """
shared = share(7, 2)
import toy
shares = jit.compiled(toy.shares, "int64(int64, int64)", helpers=(toy.ratio,))(7, 2)
say(share=shared, shares=shares)
"""
    done, again = toy.run(both), toy.run(both)
    assert (done.found["share"], done.found["shares"], done.compiled) == (3, 6, ["toy.ratio", "toy.shares"])
    assert (again.found["share"], again.found["shares"], again.compiled) == (3, 6, [])
