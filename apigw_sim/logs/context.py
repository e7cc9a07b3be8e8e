"""The `$context` variables of access logs: a column of texts for each, of a block of requests (facts 5, 9.2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from apigw_sim.logs.drawn import DrawnOf
from apigw_sim.plan.tables import NULL, BackendKind
from apigw_sim.records import Flag
from apigw_sim.rules import reason
from apigw_sim.rules.http_reasons import HTTP_REASONS
from apigw_sim.rules.reason import REASONS
from apigw_sim.units import MS, SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apigw_sim.draws import Draws
    from apigw_sim.logs.drawn import Columns, Texts

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOTHING = "-"
PROTOCOL = "HTTP/1.1"
OF_LAMBDA = {
    reason.LAMBDA_THROTTLED: 429, reason.LAMBDA_REQUEST_TOO_LARGE: 413, reason.INTEGRATION_TIMEOUT: NULL,
    reason.API_CONFIGURATION_ERROR: NULL, reason.INTEGRATION_FAILURE: NULL,
}  # fmt: skip
"""What Lambda's service answers where that is not 200; the integration's status is the function's own."""
ACCEPTED = 202
"""What it answers to an asynchronous invocation."""
AUTHORIZER_FAILED = (reason.AUTHORIZER_FAILURE, reason.AUTHORIZER_CONFIGURATION_ERROR)


class Block:
    """Requests of one stage, as columns of their rows, and what the variables say of them."""

    def __init__(self, draws: Draws, stage: int, columns: Columns) -> None:
        self.draws, self.plan, self.columns = draws, draws.plan, columns
        self.stage = self.plan.stages[stage]
        self.has_canary = any(row.stage == stage and row.canary != NULL for row in self.plan.pointers)

    def __len__(self) -> int:
        return len(self.columns["client"])

    def column(self, name: str) -> Texts:
        """The values of a variable; of one that is not simulated `-` alone."""
        return VARIABLES.get(name, Block._nothing)(self)

    def _nothing(self) -> Texts:
        return np.full(len(self), NOTHING, object)

    def _constant(self, text: str) -> Texts:
        return np.full(len(self), text, object)

    # times

    @property
    def start(self) -> int:
        """The run's start, ns from 1970."""
        return (self.plan.start - EPOCH) // timedelta(microseconds=1) * 1000

    @cached_property
    def _epoch(self) -> NDArray[np.int64]:
        """Instants of arrival, ns from 1970."""
        return self.start + self.columns["arrived_ns"]

    def _request_time(self) -> Texts:
        seconds, where = np.unique(self._epoch // SECOND, return_inverse=True)
        texts = [f"{datetime.fromtimestamp(at, UTC):%d/%b/%Y:%H:%M:%S} +0000" for at in seconds.tolist()]
        return np.array(texts, object)[where]

    def _milliseconds(self, name: str) -> Texts:
        """A time in whole milliseconds, as AWS writes it."""
        values = self.columns[name]
        return _numbers(np.where(values == NULL, NULL, (values + MS // 2) // MS))

    # who, and what was asked for

    def words(self, group: int) -> NDArray[np.int64]:
        """The four words of a group for each attempt."""
        return np.stack(self._by_client(lambda of: of.words(group)).tolist())

    def _by_client(self, ask: Callable[[DrawnOf], Any]) -> Texts:
        made = np.empty(len(self), object)
        clients = self.columns["client"]
        for client in np.unique(clients).tolist():
            mine = np.flatnonzero(clients == client)
            made[mine] = ask(
                DrawnOf(self.draws, client, {name: column[mine] for name, column in self.columns.items()})
            )
        return made

    def _key(self) -> Texts:
        return _named(self.columns["api_key"], self.plan.key_name)

    def _resource(self) -> Texts:
        return _named(self.columns["method"], lambda method: self.plan.methods[method].resource)

    # what became of it

    def _lambda_status(self) -> Texts:
        """Of a Lambda integration what Lambda's service answered; of others the backend's own status."""
        columns, plan = self.columns, self.plan
        kinds = [
            any(plan.backends[row].kind is BackendKind.LAMBDA for row in plan.reached(method))
            for method in plan.methods
        ]
        by_lambda = np.array([*kinds, False])[columns["method"]] & (columns["integration_ns"] != NULL)
        service = np.array([OF_LAMBDA.get(why, 200) for why in range(len(REASONS))])[columns["reason"]]
        status = np.where(columns["integration_status"] == ACCEPTED, ACCEPTED, service)
        return _numbers(np.where(by_lambda, status, columns["integration_status"]))

    def _status(self) -> Texts:
        """What the function's code or the backend answered: Lambda's own refusals are not that."""
        refused = np.isin(
            self.columns["reason"], [why for why, status in OF_LAMBDA.items() if status != NULL]
        )
        return _numbers(np.where(refused, NULL, self.columns["integration_status"]))

    def _authorizer_error(self) -> Texts:
        return _named(
            self.columns["reason"], lambda why: REASONS[why].log_line if why in AUTHORIZER_FAILED else ""
        )

    def _of_reason(self, ask: Callable[[Any], str]) -> Texts:
        rows = HTTP_REASONS if self.stage.http else REASONS
        return _named(self.columns["reason"], lambda why: ask(rows[why]))

    def _waf(self) -> Texts:
        """What AWS WAF decided; nothing of what never came to it."""
        if self.stage.web_acl == NULL:
            return self._nothing()
        why = self.columns["reason"]
        decided = np.where(why == reason.WAF_FILTERED, "WAF_BLOCK", "WAF_ALLOW").astype(object)
        before = np.isin(why, (reason.NO_CERTIFICATE, reason.URI_TOO_LONG, reason.HEADERS_TOO_LARGE))
        account = self.plan.account
        if account.before_waf:
            by = self.plan.buckets[account.bucket].limit
            before |= (why == reason.THROTTLED) & (self.columns["refused_by"] == by)
        decided[before] = NOTHING
        return decided

    def _is_canary(self) -> Texts:
        if not self.has_canary:
            return self._nothing()
        return np.where(self.columns["flags"] & Flag.CANARY > 0, "true", "false").astype(object)


VARIABLES: dict[str, Callable[[Block], Texts]] = {
    "requestId": lambda block: block._by_client(DrawnOf.request_ids),
    "requestTime": Block._request_time,
    "requestTimeEpoch": lambda block: _numbers(block._epoch // MS),
    "identity.sourceIp": lambda block: block._by_client(DrawnOf.addresses),
    "identity.apiKeyId": Block._key,
    "httpMethod": lambda block: block._by_client(lambda of: of.verbs(of.picks())),
    "resourcePath": Block._resource,
    "path": lambda block: block._by_client(lambda of: of.paths(of.picks())),
    "stage": lambda block: block._constant(block.stage.name.partition("/")[2]),
    "protocol": lambda block: block._constant(PROTOCOL),
    "status": lambda block: _numbers(block.columns["status"]),
    "responseLength": lambda block: _numbers(block.columns["response_bytes"]),
    "responseLatency": lambda block: block._milliseconds("latency_ns"),
    "integrationLatency": lambda block: block._milliseconds("integration_ns"),
    "integration.status": Block._status,
    "integration.integrationStatus": Block._lambda_status,
    "authorizer.latency": lambda block: block._milliseconds("authorizer_ns"),
    "authorizer.error": Block._authorizer_error,
    "error.responseType": lambda block: block._of_reason(lambda why: why.response_type),
    "error.message": lambda block: block._of_reason(lambda why: why.message),
    "isCanaryRequest": Block._is_canary,
    "wafResponseCode": Block._waf,
}
"""By what stands behind `$context.`; a value that is not there is `-`."""


def _numbers(values: NDArray[Any]) -> Texts:
    """Numbers as texts; -1 is nothing."""
    texts = values.astype(str).astype(object)
    texts[values == NULL] = NOTHING
    return texts


def _named(values: NDArray[Any], name: Callable[[int], str]) -> Texts:
    """Rows as their names; no row, or no name, is nothing."""
    distinct, where = np.unique(values, return_inverse=True)
    texts = [NOTHING if row == NULL else name(row) or NOTHING for row in distinct.tolist()]
    return np.array(texts, object)[where]
