"""The scenario of a stream into S3 does what its comment says."""

from __future__ import annotations

from scenarios.comments import Claim, check, numbers
from scenarios.test_scenarios import COMMENTS, run, tries_of, vouched

QUIET, RUSH, SIZE = 4 * 4096, 40 * 4096, 5 * 2**20
"""Bytes a second, and those of a buffer."""
OWN = "assumptions.firehose_buffers=shard"


def test_clicks_to_s3() -> None:
    """Fluid arithmetic: neither the gaps between clicks nor the Poisson rush move an object from one kind to the other."""
    done = run("clicks_to_s3")
    default, soon, large = (done.summary["firehoses"][name] for name in ("default", "soon", "large"))
    fills = SIZE / RUSH
    left = 300 - int(300 / fills) * fills
    longer = (SIZE - left * RUSH) / QUIET
    by_size = int(300 / fills)
    assert left + longer < 300
    after = int((1800 - 900 - longer) / 300)
    assert (default["by_size"], default["by_interval"]) == (by_size + 1, 2 + after)
    assert (soon["by_size"], soon["by_interval"]) == (by_size, 10 + int((1800 - 600 - by_size * fills) / 60))
    bytes_of_900 = 600 * QUIET + 300 * RUSH
    assert (large["by_size"], large["by_interval"], large["max_age_s"]) == (0, 1, 900)
    assert (
        abs(large["bytes"] - bytes_of_900) < 4 * 4096 * (bytes_of_900 / 4096) ** 0.5
    )  # a Poisson number of clicks
    for name, row in done.summary["firehoses"].items():
        assert row["records"] + row["waiting_records"] == done.summary["clients"][name]["succeeded"]
        assert row["bytes"] == 4096 * row["records"]
    assert tries_of(__file__) == {("clicks_to_s3", f"--set {OWN}")}
    own = run("clicks_to_s3", [OWN]).summary["firehoses"]
    assert own["soon"]["by_size"] == 0
    objects = {name: row["objects"] for name, row in own.items()}
    left = check(
        COMMENTS["clicks_to_s3"].tries[f"--set {OWN}"],
        [
            Claim("half as fast, after {} s in", (2 * fills,)),
            Claim("and {} objects in all, in the place of {}; `default` has {}",
                  (objects["soon"], soon["objects"], objects["default"])),
        ],
    )  # fmt: skip
    assert numbers(left) == []
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "clicks_to_s3",
        [
            Claim("{}/s of {} KB, {} B/s", (4, 4, QUIET)),
            Claim("In {} s come {} B, less than the {} B", (300, 300 * QUIET, SIZE)),
            Claim("full after {} s: {} objects", (fills, by_size)),
            Claim("{} s before its end, takes {} s more", (300 - by_size * fills, longer)),
            Claim("Then {} more", (after,)),
            Claim("{} objects of {} B while it is quiet, {} by size in the rush, and {} after",
                  (10, 60 * QUIET, by_size, soon["by_interval"] - 10)),
            Claim("with the rush come {} B", (bytes_of_900,)),
        ],
        [
            Claim("default {} objects, {} of them by size; the first click in an object was {} s",
                  (default["objects"], default["by_size"], default["mean_age_s"])),
            Claim("soon {} objects, {} of them by size, and {} B", (soon["objects"], soon["by_size"], soon["mean_object_bytes"])),
            Claim("large {} object of {} B; {} clicks", (large["objects"], large["max_object_bytes"], large["waiting_records"])),
        ],
    )  # fmt: skip
