"""From a plan to the vectors of what stands behind integrations."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.engine.compiled import words as w
from apigw_sim.engine.compiled.filling import fill, rows
from apigw_sim.engine.compiled.parts import Parts
from apigw_sim.engine.order import USER_BITS
from apigw_sim.plan.tables import NULL, BackendKind, GaugeKind
from apigw_sim.rules.bucket import TOKEN

if TYPE_CHECKING:
    from apigw_sim.plan import tables
    from apigw_sim.plan.services import Capacity, Firehose, Shards


AS_EVER = 1000
"""A fault that does not slow: thousandths."""
MESSAGES = 1 << 10
"""Messages that there is room for at first."""


class BackendVectors(Parts):
    """What backends need of the vectors: functions, servers, services, queues, databases."""

    def _backends(self) -> None:
        plan, account = self.plan, self.plan.account
        self._table("backend", len(plan.backends))
        self.services = self.streams = self.firehoses = 0
        self.buffers: list[dict[str, int]] = [{}]
        """Those of Firehose streams; 0 is none."""
        self._table("service", 1 + sum(row.kind is BackendKind.SERVICE for row in plan.backends))
        self._queues()
        events = self._events()
        kin = self._databases()
        provisions = self._provisions()
        rings = 0
        for number, row in enumerate(plan.backends):
            is_lambda, cold, status = int(row.kind is BackendKind.LAMBDA), row.cold, row.status
            asks = -1 if row.database != NULL and not is_lambda else 0
            provision = provisions.get(number, NULL)
            main, region = plan.function_of(number), plan.regions[row.region]
            fill(
                self.vectors["backend"], "backend", number, me=number * w.BACKEND,
                is_lambda=asks or (is_lambda if provision == row.database == NULL else w.UNUSUAL),
                provision=provision * w.PROVISION,
                **self._outcomes(row), contexts=row.contexts,
                certain=len(status.statuses) == 1 and not (row.crash or row.malformed or row.refuses or row.contexts),
                main=main * w.BACKEND, refuses=row.refuses, format_error=row.format_error,
                timeout=row.timeout_ns, reserved=row.reserved,
                reserved_limit=row.reserved_limit, own_rps=row.rate_bucket, all_rps=region.rps_bucket,
                unreserved=region.unreserved, unreserved_limit=region.unreserved_limit,
                account_in_use=plan.gauge(GaugeKind.ACCOUNT_CONCURRENCY, row.region),
                unreserved_in_use=plan.gauge(GaugeKind.UNRESERVED_CONCURRENCY, row.region),
                scaling_limit=row.scaling_limit, ring=rings, scaling_level=max(account.scaling, 0) * TOKEN,
                slow=-AS_EVER if row.stretch or row.database != NULL else AS_EVER,
                load=self._words(row.stretch) if row.stretch else NULL,
                last=NULL if row.lifo else 0, in_use=plan.gauge(GaugeKind.CONCURRENCY, main),
                alive=plan.gauge(GaugeKind.ENVIRONMENTS, number), cold=cold is not None,
                largest_response=row.largest_response,
                concurrency=0 if row.kind is BackendKind.SERVICE else row.concurrency, queue=row.queue,
                capacity_limit=row.capacity_limit,
                busy=plan.gauge(GaugeKind.BUSY, number - row.part), queued=plan.gauge(GaugeKind.QUEUE, number),
                service=self._service(row), events=events.get(main, NULL),
                database=NULL if row.database == NULL else row.database * w.width("database"),
                kin=kin.get(number, NULL), keeps=row.keeps_connection, exits=row.exits,
                **self._laws(
                    provisioning=cold.provisioning if cold else None, init=cold.init if cold else None,
                    lifetime=row.idle_lifetime, query=row.query,
                ),
            )  # fmt: skip
            if is_lambda and main == number and account.scaling > 0 and not account.scaling_bucket:
                rings += account.scaling
        self.vectors["ring"] = rows(rings, 1)
        self._table("firehose", len(self.buffers))
        for number, words in enumerate(self.buffers):
            fill(self.vectors["firehose"], "firehose", number, **words)
        self._table("alias", len(plan.aliases))
        for number, alias in enumerate(plan.aliases):
            first, second, threshold = alias.state
            fill(self.vectors["alias"], "alias", number, first=first, second=second, threshold=threshold)

    def _service(self, row: tables.Backend) -> int:
        """Where the words of an AWS service stand; 0: it is none."""
        said = row.service
        if row.kind is not BackendKind.SERVICE or (said is not None and said.part):
            return 0
        self.services += 1
        vector = self.vectors["service"]
        if said is not None:
            fill(
                vector, "service", self.services, throttle_status=said.throttle_status, unit=said.unit, cost=said.cost,
                by_answer=said.by_answer, bytes=said.bytes_bucket, **self._sharded(said.shards),
                **self._firehose(said.firehose), **self._capacity(said.capacity),
            )  # fmt: skip
        if row.sqs is not None:
            queue = [self.plan.backends[number] for number in self.plan.queues].index(row) + 1
            fill(vector, "service", self.services, keeps=1, to=queue * w.SQS)
            if row.sqs.groups is not None:
                keys, table = row.sqs.groups.n, self.tables.numbered(row.sqs.groups)
                fill(vector, "service", self.services, keys=keys, key_table=table)
        return self.services * w.width("service")

    def _sharded(self, said: Shards | None) -> dict[str, int]:
        """The words of a service that say which of its shards a request comes to, and what counts them."""
        if said is None:
            return {}
        incoming, size = (
            self.plan.gauge(kind, self.streams)
            for kind in (GaugeKind.INCOMING_RECORDS, GaugeKind.INCOMING_BYTES)
        )
        self.streams += 1
        made = {"keeps": 1, "counts": 1, "shards": said.count, "incoming": incoming, "incoming_bytes": size}
        if said.keys is None:
            return made
        keys, table = said.keys.n, self.tables.numbered(said.keys)
        return {**made, "keys": keys, "key_table": table, "of_key": self._words(said.of_key)}

    def _capacity(self, said: Capacity | None) -> dict[str, int]:
        """The words of a service that count what it consumes of a table's capacity."""
        if said is None:
            return {}
        place = self.plan.capacities.index(said)
        consuming, consumed, exceeded = (
            self.plan.gauge(kind, place)
            for kind in (GaugeKind.CONSUMING, GaugeKind.CONSUMED, GaugeKind.CAPACITY_EXCEEDED)
        )
        return {"counts": 1, "consuming": consuming, "consumed": consumed, "exceeded": exceeded}

    def _firehose(self, said: Firehose | None) -> dict[str, int]:
        """The words of a service that say where Firehose buffers its records."""
        if said is None:
            return {}
        base = self.plan.gauge_base
        kinds = (GaugeKind(kind) for kind in range(GaugeKind.DELIVERED_RECORDS, GaugeKind.CONSUMING))
        gauges = {kind.name.lower(): base[kind] + self.firehoses for kind in kinds}
        to = len(self.buffers) * w.FIREHOSE
        self.buffers += [{"size": said.size, "interval": said.interval_ns, **gauges}] * said.buffers
        self.firehoses += 1
        return {"to": to, "apart": w.FIREHOSE if said.buffers > 1 else 0}

    def _queues(self) -> None:
        """SQS queues, each with a row of its own whose events stand behind those of all clients."""
        plan, first = self.plan, self.plan.gauge_base
        self._table("sqs", 1 + len(plan.queues))
        self.vectors["message"] = rows(MESSAGES if plan.queues or plan.events else w.ROOM + 1, w.MESSAGE)
        every = (plan.backends[number].sqs for number in plan.queues)
        sizes = [row.groups.n if row and row.groups else 1 for row in every]
        groups = self._table("group", 1 + sum(sizes))
        groups[:, w.FIELDS["group"].index("me")] = np.arange(len(groups)) * w.GROUP
        figures = [kind for kind in GaugeKind if GaugeKind.VISIBLE <= kind < GaugeKind.OLDEST]
        for place, backend in enumerate(plan.queues):
            said, number = plan.backends[backend].sqs, place + 1
            assert said is not None
            client = len(plan.clients) + number
            worker = plan.backends[said.function].duration if said.function != NULL else None
            fill(
                self.vectors["sqs"], "sqs", number, me=number * w.SQS, function=said.function,
                visibility=said.visibility_ns, retention=said.retention_ns, most_receives=said.most_receives,
                most_hidden=said.most_hidden, batch=said.batch, per_message=said.per_message_ns, at_once=said.at_once,
                window=said.window_ns, fifo=said.groups is not None, groups=(1 + sum(sizes[:place])) * w.GROUP,
                step=said.step, most=said.most, backoff=said.backoff_ns, row=number * w.ROW,
                **{kind.name.lower(): first[kind] + place for kind in figures}, **self._laws(duration=worker),
            )  # fmt: skip
            fill(
                self.vectors["row"], "row", number, me=number * w.ROW, who=(client - 1) << USER_BITS,
                client=client * w.CLIENT, pick=number * w.SQS,
            )  # fmt: skip

    def _events(self) -> dict[int, int]:
        """Lambda's queues of events; gives where that of each function stands that has one."""
        plan, first = self.plan, self.plan.gauge_base
        self._table("event", len(plan.events))
        gauges = {
            GaugeKind.EVENTS: "there", GaugeKind.EVENTS_RECEIVED: "received", GaugeKind.EVENTS_RETRIED: "retried",
            GaugeKind.EVENTS_EXPIRED: "expired", GaugeKind.EVENTS_FAILED: "failed", GaugeKind.EVENT_AGE: "age",
            GaugeKind.EVENT_AGES: "ages",
        }  # fmt: skip
        for number, row in enumerate(plan.events):
            dead = NULL if row.on_failure == NULL else (1 + plan.queues.index(row.on_failure)) * w.SQS
            fill(
                self.vectors["event"], "event", number, most_age=row.most_age_ns, retries=row.retries, on_failure=dead,
                **{word: first[kind] + number for kind, word in gauges.items()},
            )  # fmt: skip
        return {row.function: number * w.width("event") for number, row in enumerate(plan.events)}

    def _databases(self) -> dict[int, int]:
        """Databases; gives for each function that queries one the next that queries the same."""
        plan, first = self.plan, self.plan.gauge_base
        self._table("database", len(plan.databases))
        kin: dict[int, int] = {}
        for number, row in enumerate(plan.databases):
            functions = (
                n
                for n, one in enumerate(plan.backends)
                if one.kind is BackendKind.LAMBDA and one.database == number
            )
            mine = [*functions, NULL]
            kin |= dict(pairwise(mine))
            fill(
                self.vectors["database"], "database", number, connections=row.connections, load=self._words(row.stretch),
                first=mine[0], held=first[GaugeKind.CONNECTIONS] + number, busy=first[GaugeKind.CONNECTIONS_BUSY] + number,
                refused=first[GaugeKind.CONNECTIONS_REFUSED] + number,
            )  # fmt: skip
        return kin

    def _provisions(self) -> dict[int, int]:
        """Provisioned concurrency; gives the row of each that has some."""
        plan = self.plan
        self._table("provision", len(plan.provisions))
        for number, row in enumerate(plan.provisions):
            fill(
                self.vectors["provision"], "provision", number, limit=row.limit,
                allocated=plan.gauge(GaugeKind.PROVISIONED, number),
                busy=plan.gauge(GaugeKind.PROVISIONED_IN_USE, number),
                utilization=plan.gauge(GaugeKind.PROVISIONED_UTILIZATION, number),
            )  # fmt: skip
        return {row.backend: number for number, row in enumerate(plan.provisions)}
