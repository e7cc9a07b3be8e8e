"""AWS services behind integrations: each takes what its own rate allows, and refuses the rest."""

from __future__ import annotations

from apigw_sim.engine.model.backends import Http, Job
from apigw_sim.engine.model.gauges import Bucket, Gauge
from apigw_sim.engine.model.recorder import Recorder
from apigw_sim.plan import tables
from apigw_sim.records import Outcome
from apigw_sim.rules.bucket import TOKEN
from apigw_sim.rules.service import tokens


class Service(Http):
    """An AWS service: no places, but a token bucket, and a status for who finds too little in it."""

    def __init__(
        self, number: int, row: tables.Backend, busy: Gauge, queue: Gauge, jobs: Recorder, bucket: Bucket
    ) -> None:
        super().__init__(number, row, busy, queue, jobs)
        assert row.service is not None
        self.service = row.service
        self.bucket = bucket

    def arrive(self, job: Job) -> None:
        """A request arrives, now."""
        if self.fault.outage or self._takes(job):
            super().arrive(job)

    def _takes(self, job: Job) -> bool:
        """Whether the service takes a request; else its own refusal is known at once."""
        attempt, bucket = job.attempt, self.bucket
        wanted = tokens(attempt.body, self.service.unit) * TOKEN
        held = bucket.now_holds(attempt.clock.now)
        if held >= wanted:
            bucket.spend(wanted)
            return True
        job.outcome = Outcome.SERVICE_THROTTLED
        job.status = self.service.throttle_status
        job.refused_by = bucket.limit
        attempt.note(
            f"service {self.row.name}: {held / TOKEN:.3f} of the {wanted // TOKEN} tokens that it takes, "
            f"so it refuses: {job.status}"
        )
        self._over(job)
        return False
