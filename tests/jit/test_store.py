"""The folder of compiled code: whole files or none, a marker, no folder that grows for ever."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from apigw_sim.jit import clear, folder, is_warm, mark_warm, store

DAY = 86_400


def aged(path: Path, days: float) -> None:
    then = time.time() - days * DAY
    os.utime(path, (then, then))


# --- where ------------------------------------------------------------------------------------------------


def test_the_folder_is_the_stamp_below_the_variable_or_the_users_cache(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folder()
    assert place is not None
    assert place.parent == cache
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("APIGW_SIM_CACHE", "~/elsewhere")
    assert store.root() == tmp_path / "elsewhere"
    monkeypatch.setenv("APIGW_SIM_CACHE", "")
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name, **_: f"/cache/{name}")
    assert store.root() == Path("/cache/apigw-sim").absolute()


def test_without_a_home_nothing_is_kept_and_no_folder_named_tilde_is_made(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def homeless(_: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("APIGW_SIM_CACHE")
    monkeypatch.setattr(Path, "expanduser", homeless)
    monkeypatch.chdir(tmp_path)
    assert (store.root(), folder(), is_warm(), mark_warm(), clear()) == (None, None, False, False, 0)
    assert store.read("a.kernel") is None
    assert store.write("a.kernel", b"x") == store.forbidden() == store.NOWHERE
    assert list(tmp_path.iterdir()) == []


# --- files ------------------------------------------------------------------------------------------------


def test_what_is_written_is_read(cache: Path) -> None:
    assert store.read("a.kernel") is None
    assert store.write("a.kernel", b"content") == ""
    assert store.read("a.kernel") == b"content"
    assert store.write("a.kernel", b"") == ""
    assert store.read("a.kernel") == b""
    assert [path.name for path in cache.rglob("*") if path.is_file()] == ["a.kernel"]


@pytest.mark.parametrize("damage", ["flipped", "cut", "emptied", "grown", "a folder"])
def test_a_damaged_file_is_as_good_as_none(cache: Path, damage: str) -> None:
    store.write("a.kernel", b"content" * 100)
    (path,) = cache.rglob("a.kernel")
    data = bytearray(path.read_bytes())
    if damage == "a folder":
        path.unlink()
        path.mkdir()
    else:
        data[-9] ^= damage == "flipped"
        path.write_bytes({"cut": data[:-1], "emptied": b"", "grown": data + b"\0"}.get(damage, data))
    assert store.read("a.kernel") is None
    if damage != "a folder":
        assert store.write("a.kernel", b"anew") == ""
        assert store.read("a.kernel") == b"anew"


def test_a_reader_never_sees_half_a_file(cache: Path) -> None:
    """One thread writes two contents in turn while another reads: it finds the one or the other, each time."""
    contents = (b"a" * 2_000_000, b"b" * 1_000_000)
    store.write("a.kernel", contents[0])
    done = threading.Event()

    def write() -> None:
        for turn in range(60):
            store.write("a.kernel", contents[turn % 2])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = []
    while not done.is_set():
        seen.append(store.read("a.kernel"))
    writer.join()
    assert seen
    assert set(seen) <= set(contents)


def test_a_lost_race_for_a_file_is_no_failure(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows a file that another process holds open cannot be replaced; it has just been written then."""
    store.write("a.kernel", b"theirs")

    def held(*_: object) -> None:
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(Path, "replace", held)
    assert store.write("a.kernel", b"ours") == ""
    assert "cannot be written: Access is denied" in store.write("b.kernel", b"ours")
    assert not list(cache.rglob("*.part"))


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_a_folder_that_cannot_be_made_is_told(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("APIGW_SIM_CACHE", str(tmp_path / where))
    assert f"{folder()} cannot be written: " in store.forbidden()
    assert f"{folder()} cannot be written: " in store.write("a.kernel", b"x")
    assert (store.read("a.kernel"), is_warm(), mark_warm(), clear()) == (None, False, False, 0)


def test_asking_whether_a_folder_can_be_written_leaves_nothing_in_it(cache: Path) -> None:
    assert store.forbidden() == ""
    place = folder()
    assert place is not None
    assert list(place.iterdir()) == []


# --- warm -------------------------------------------------------------------------------------------------


def test_warm_is_what_was_marked_and_is_still_there(cache: Path) -> None:
    assert not mark_warm(), "nothing was kept"
    store.write("a.kernel", b"one")
    store.write("b.kernel", b"two")
    assert not is_warm()
    assert mark_warm()
    assert is_warm()
    (path,) = cache.rglob("b.kernel")
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    assert not is_warm()
    path.unlink()
    assert not is_warm()
    path.write_bytes(data)
    assert is_warm()


def test_what_could_not_be_kept_is_not_warm(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write("a.kernel", b"one")
    with monkeypatch.context() as full:
        full.setattr(
            Path, "write_bytes", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
        )
        assert "No space left" in store.write("b.kernel", b"two")
    assert not mark_warm()
    store.write("b.kernel", b"two")
    assert mark_warm()


def test_what_was_kept_elsewhere_does_not_make_a_folder_warm(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("a.kernel", b"one")
    monkeypatch.setenv("APIGW_SIM_CACHE", str(tmp_path / "other"))
    assert not mark_warm()
    store.write("b.kernel", b"two")
    assert mark_warm(), "and does not keep it from being so"


@pytest.mark.parametrize("text", [b"", b"\xff", b"a.kernel", b"x a.kernel", b"35 \0", b"\n"])
def test_a_damaged_marker_is_not_warm(cache: Path, text: bytes) -> None:
    store.write("a.kernel", b"one")
    mark_warm()
    (marker,) = cache.rglob("warm")
    assert marker.read_bytes() == b"35 a.kernel\n"
    marker.write_bytes(text)
    assert not is_warm()


# --- old stamps -------------------------------------------------------------------------------------------


def old(cache: Path, name: str, days: float) -> Path:
    place = cache / name
    place.mkdir(parents=True)
    for file in ("warm", "a.kernel", "a.kernel.0123.part"):
        (place / file).write_bytes(b"old")
    aged(place, days)
    return place


def test_stamps_that_nobody_used_for_30_days_go_when_a_new_one_comes(cache: Path) -> None:
    gone, kept = old(cache, "0" * 32, 31), old(cache, "1" * 32, 29)
    foreign, mixed = old(cache, "my-photos", 99), old(cache, "2" * 32, 99)
    (mixed / "letter.txt").write_bytes(b"")
    aged(mixed, 99)
    store.write("a.kernel", b"new")
    assert not gone.exists()
    assert kept.exists()
    assert len(list(foreign.iterdir())) == 3
    assert [path.name for path in mixed.iterdir()] == ["letter.txt"]


def test_reading_keeps_a_folder_young_and_an_old_one_of_the_same_stamp_is_not_removed(cache: Path) -> None:
    store.write("a.kernel", b"one")
    place = folder()
    assert place is not None
    aged(place, 40)
    assert store.read("a.kernel") == b"one"
    assert place.stat().st_mtime > time.time() - DAY


def test_a_link_is_not_followed(cache: Path, tmp_path: Path) -> None:
    elsewhere = old(tmp_path, "3" * 32, 99)
    cache.mkdir()
    (cache / ("4" * 32)).symlink_to(elsewhere, target_is_directory=True)
    store.write("a.kernel", b"new")
    clear()
    assert len(list(elsewhere.iterdir())) == 3


def test_clear_removes_all_stamps_and_nothing_else(cache: Path) -> None:
    assert clear() == 0
    store.write("a.kernel", b"new")
    mark_warm()
    other = old(cache, "0" * 32, 1)
    (cache / "letter.txt").write_bytes(b"")
    assert clear() == 35 + 12 + 3 * 3
    assert not is_warm()
    assert not other.exists()
    assert [path.name for path in cache.iterdir()] == ["letter.txt"]
    (cache / "letter.txt").unlink()
    store.write("a.kernel", b"new")
    clear()
    assert not cache.exists()


def test_a_folder_that_cannot_be_removed_is_an_error(cache: Path) -> None:
    place = old(cache, "0" * 32, 1)
    (place / "letter.txt").write_bytes(b"")
    with pytest.raises(store.CacheError, match=f"{place}: cannot be removed: "):
        clear()
