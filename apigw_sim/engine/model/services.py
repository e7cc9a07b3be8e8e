"""AWS services behind integrations: each takes what its own rate allows, and refuses the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apigw_sim.draws import Group
from apigw_sim.draws.stream import numbered_one
from apigw_sim.engine.model.backends import OK, SENT_WELL, Http, Job, record
from apigw_sim.engine.model.gauges import Bucket, Gauge
from apigw_sim.engine.model.recorder import Recorder
from apigw_sim.plan import services as plan
from apigw_sim.plan import tables
from apigw_sim.records import Outcome
from apigw_sim.rules import pick
from apigw_sim.rules.bucket import TOKEN
from apigw_sim.rules.service import HALF, price


class Taking(Http):
    """What has a token bucket, and a status for who finds too little in it."""

    service: plan.Service
    bucket: Bucket

    def offers(self, row: tables.Backend, bucket: Bucket) -> None:
        """What it takes."""
        assert row.service is not None
        self.service = row.service
        self.bucket = bucket

    def arrive(self, job: Job) -> None:
        """A request arrives, now."""
        if self.fault.outage or self.takes(job):
            super().arrive(job)

    def takes(self, job: Job) -> bool:
        """Whether the service takes a request; else its own refusal is known at once."""
        wanted = self._wanted(job)
        if self.lacks(job, self.row.name, self.bucket, wanted):
            return False
        self.bucket.spend(wanted)
        return True

    def _wanted(self, job: Job) -> int:
        """Units of its bucket that a request takes."""
        said, attempt = self.service, job.attempt
        return price(attempt.draw()[2] if said.by_answer else attempt.body, said.unit, said.cost)

    def lacks(self, job: Job, name: str, bucket: Bucket, wanted: int) -> bool:
        """Whether a bucket holds less than a request takes, which is refused then."""
        attempt = job.attempt
        held = bucket.now_holds(attempt.clock.now)
        if held >= wanted:
            return False
        job.outcome = Outcome.SERVICE_THROTTLED
        job.status = self.service.throttle_status
        job.refused_by = bucket.limit
        attempt.note(
            f"service {name}: {held / TOKEN:.3f} of the {wanted / TOKEN:g} tokens that it takes, "
            f"so it refuses: {job.status}"
        )
        self._over(job)
        return True


class Service(Taking):
    """An AWS service: no places, but a token bucket."""

    def __init__(
        self, number: int, row: tables.Backend, busy: Gauge, queue: Gauge, jobs: Recorder, bucket: Bucket
    ) -> None:
        super().__init__(number, row, busy, queue, jobs)
        self.offers(row, bucket)


class Table(Service):
    """An action on a DynamoDB table, which counts what it consumes of the table's capacity, and what that refuses."""

    def __init__(self, figures: Sequence[Gauge], *its: Any) -> None:
        """`its`: what a service is made of."""
        super().__init__(*its)
        self.consuming, self.consumed, self.exceeded = figures

    def takes(self, job: Job) -> bool:
        """Whether the capacity is enough."""
        if not super().takes(job):
            self.exceeded.move(1)
            return False
        self.consuming.move(1)
        self.consumed.move(self._wanted(job) // HALF)
        return True


class Stream(Service):
    """A data stream: by its partition key a record comes to a shard, with buckets of its own for records and bytes."""

    def __init__(
        self,
        number: int,
        row: tables.Backend,
        busy: Gauge,
        queue: Gauge,
        jobs: Recorder,
        buckets: Sequence[Bucket],
        incoming: Sequence[Gauge],
    ) -> None:
        """`incoming`: its records and bytes."""
        super().__init__(number, row, busy, queue, jobs, buckets[row.rate_bucket])
        self.incoming = incoming
        assert self.service.shards is not None
        self.shards = self.service.shards
        self.of_shard = [
            (buckets[row.rate_bucket + part], buckets[self.service.bytes_bucket + part])
            for part in range(self.shards.count)
        ]
        self.shard_of: dict[Job, int] = {}
        """Of what is under way."""

    def arrive(self, job: Job) -> None:
        """A request arrives, now: its record is in the stream."""
        super().arrive(job)
        if job.outcome is OK and job.status < SENT_WELL:
            self.has(job)

    def has(self, job: Job) -> None:
        """A record is in the stream."""
        records, size = self.incoming
        records.move(1)
        size.move(job.attempt.body)

    def takes(self, job: Job) -> bool:
        """Whether the shard takes a record."""
        attempt, shard = job.attempt, self._shard(job)
        self.shard_of[job] = shard
        records, size = self.of_shard[shard]
        name, weight = f"{self.row.said_name}, shard {shard}", price(attempt.body, 1, TOKEN)
        if self.lacks(job, name, records, TOKEN) or self.lacks(job, f"{name}, bytes", size, weight):
            return False
        records.spend(TOKEN)
        size.spend(weight)
        attempt.note(f"service {name}: has the record")
        return True

    def _shard(self, job: Job) -> int:
        """Where the partition key of a call leads; retries have the same."""
        word, said = job.attempt.words(Group.PARTITION, 0)[0], self.shards
        if said.keys is None:
            return pick.uniform(word, said.count)
        return said.of_key[numbered_one(said.keys, word)]

    def _over(self, job: Job) -> None:
        record(self.jobs, self.number + self.shard_of.pop(job, 0), job)
