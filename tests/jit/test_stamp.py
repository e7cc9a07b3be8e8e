"""The stamp: everything that changes compiled code changes it, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from apigw_sim.jit import sources

CPUINFO = """\
processor\t: 0
model name\t: Fast One
cpu MHz\t\t: 2600.1
flags\t\t: avx avx2

processor\t: 1
model name\t: Fast One
flags\t\t: avx avx2
"""


def fresh() -> str:
    sources.stamp.cache_clear()
    return sources.stamp()


def test_the_real_sources_are_found() -> None:
    names = {str(path.relative_to(sources.PACKAGE)) for path in sources.files()}
    assert {"draws/philox.py", "engine/order.py", "records.py", "rules/bucket.py", "jit/kept.py"} <= names
    assert not any(name.startswith(("cli", "engine/model", "scenario")) for name in names)


@pytest.mark.parametrize(
    "name",
    [
        "rules/bucket.py", "rules/deep/er.py", "engine/order.py", "engine/compiled/loop.py", "draws/philox.py",
        "jit/store.py", "metrics/kernels.py", "metrics/kernels_more.py", "records.py",
    ],
)  # fmt: skip
def test_a_byte_of_a_source_changes_the_stamp_and_its_return_gives_it_back(package: Path, name: str) -> None:
    before, text = fresh(), (package / name).read_bytes()
    (package / name).write_bytes(text.replace(b"#", b"%"))
    assert fresh() != before
    (package / name).write_bytes(text)
    assert fresh() == before


def test_other_files_do_not_change_it(package: Path) -> None:
    before = fresh()
    (package / "cli" / "run.py").write_text("changed", encoding="utf-8")
    (package / "rules" / "notes.txt").write_text("new", encoding="utf-8")
    assert fresh() == before


def test_a_new_a_renamed_and_a_moved_source_change_it(package: Path) -> None:
    seen = [fresh()]
    (package / "rules" / "new.py").write_text("", encoding="utf-8")
    seen.append(fresh())
    (package / "rules" / "new.py").rename(package / "rules" / "newer.py")
    seen.append(fresh())
    bucket, deep = package / "rules" / "bucket.py", package / "rules" / "deep" / "er.py"
    both = bucket.read_bytes() + deep.read_bytes()
    bucket.write_bytes(both)
    deep.write_bytes(b"")
    seen.append(fresh())
    bucket.write_bytes(b"")
    deep.write_bytes(both)
    seen.append(fresh())
    bucket.write_bytes(b"rules/deep/er.py" + both)
    deep.unlink()
    seen.append(fresh())
    assert len(set(seen)) == 6


@pytest.mark.parametrize("name", ["apigw-sim", "numba", "llvmlite", "numpy"])
def test_a_version_changes_it(package: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    before, known = fresh(), sources._version
    monkeypatch.setattr(sources, "_version", lambda asked: "9.9" if asked == name else known(asked))
    assert fresh() != before


def test_a_package_that_is_not_installed_has_no_version() -> None:
    assert sources._version("apigw-sim") != ""
    assert sources._version("no-such-package-as-this") == ""


@pytest.mark.parametrize("name", ["NUMBA_BOUNDSCHECK", "NUMBA_OPT"])
def test_a_setting_of_the_compiler_changes_it(
    package: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name, raising=False)
    seen = [fresh()]
    for value in ("0", "1"):
        monkeypatch.setenv(name, value)
        seen.append(fresh())
    assert len(set(seen)) == 3


def test_another_processor_changes_it_and_another_clock_does_not(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on(text: str) -> str:
        (tmp_path / "cpuinfo").write_text(text, encoding="utf-8")
        return fresh()

    monkeypatch.setattr(sources, "CPUINFO", tmp_path / "cpuinfo")
    before = on(CPUINFO)
    assert on(CPUINFO.replace("2600.1", "800.0")) == before
    assert on(CPUINFO.split("\n\n")[0]) == before, "one core or two"
    assert on(CPUINFO.replace("Fast", "Slow")) != before
    assert on(CPUINFO.replace("avx2", "sse2")) != before
    (tmp_path / "cpuinfo").unlink()
    assert fresh() != before
