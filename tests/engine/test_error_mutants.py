"""Faults put into validation, integration responses and gateway responses, each of which a story must notice."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

import pytest
from engine import test_integrations as integrations
from engine import test_validation as validation
from engine.running import FUNCTION, Run, run_on
from engine.test_mutants import AFRESH, Edit

Story = Callable[[Run], None]
MODEL = "apigw_sim.engine.model"


class Changed(SourceFileLoader):
    """Loads a module with one place of its text changed."""

    edit: Edit

    def get_code(self, fullname: str) -> CodeType:
        old, new = self.edit
        text = self.get_source(fullname) or ""
        assert text.count(old) == 1, (
            f"{old!r} stands {text.count(old)} times in {fullname}: write the mutant anew"
        )
        return compile(text.replace(old, new), self.path, "exec")


class Finder:
    """Finds the changed module before Python finds the real one; whole packages are imported around it."""

    def __init__(self, name: str, edit: Edit) -> None:
        self.name, self.edit = name, edit

    def find_spec(
        self, name: str, path: Sequence[str] | None, _: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self.name:
            return None
        spec = PathFinder.find_spec(name, path)
        assert spec is not None
        assert spec.origin is not None
        loader = Changed(name, spec.origin)
        loader.edit = self.edit
        spec.loader = loader
        return spec


@contextmanager
def mutant(name: str, edit: Edit) -> Iterator[Run]:
    """Runs on the readable engine with one place changed in one of its modules."""
    before = {ours: module for ours, module in sys.modules.items() if ours.startswith(AFRESH)}
    for ours in before:
        del sys.modules[ours]
    finder = Finder(name, edit)
    sys.meta_path.insert(0, finder)  # type: ignore[arg-type]
    try:
        yield partial(run_on, "simpy", simulate=importlib.import_module("apigw_sim.compose").simulate)
    finally:
        sys.meta_path.remove(finder)  # type: ignore[arg-type]
        for ours in [ours for ours in sys.modules if ours.startswith(AFRESH)]:
            del sys.modules[ours]
        sys.modules.update(before)
        for ours, module in before.items():
            parent, _, child = ours.rpartition(".")
            setattr(sys.modules[parent], child, module)


NEVER = partial(
    validation.test_passthrough_is_aws_table, passthrough="NEVER", templates=["application/json"],
    content_type="application/xml", status=415,
)  # fmt: skip
IN_BASE64 = partial(
    validation.test_an_invocation_takes_6_mb_and_in_base64_three_quarters, size=4_718_593, content_type="image/png",
    status=413,
)  # fmt: skip
TOO_LARGE_BACK = partial(
    validation.test_what_is_too_large_to_go_back, integration=FUNCTION, size=6 * 1024**2 + 1, binary=False, status=502,
    reason="RESPONSE_TOO_LARGE",
)  # fmt: skip
BOTH_WRONG = partial(
    validation.test_a_validator_sees_what_it_looks_at_parameters_first, validator="both", invalid=validation.ALL,
    reason="BAD_REQUEST_PARAMETERS",
)  # fmt: skip
SKIPPED = partial(
    validation.test_whether_a_cached_answer_skips_validation_is_a_setting, position="before_cache",
    statuses=[200, 400, 200],
)  # fmt: skip
LONG = partial(
    validation.test_a_url_or_headers_above_10240_bytes_are_refused_before_anything_else,
    sizes={"url_size": "10241 B"}, status=414, reason="URI_TOO_LONG",
)  # fmt: skip

MUTANTS: list[tuple[str, Edit, Story]] = [
    (f"{MODEL}.checks", ("method.validator & PARAMETERS and", "False and"), BOTH_WRONG),
    (f"{MODEL}.checks", ("not method.validator or self.validation_behind or", "not method.validator or True or"), SKIPPED),
    (
        f"{MODEL}.checks", ("attempt.words(Group.REQUEST, 0)", "attempt.words(Group.REQUEST)"),
        validation.test_a_call_that_is_invalid_stays_so_when_it_is_sent_again,
    ),
    (f"{MODEL}.checks", ("if not attempt.content_type() & refused_types:", "if True:"), NEVER),
    (
        f"{MODEL}.checks", ("if attempt.body > self.largest_request and not self.size_behind:", "if False:"),
        validation.test_validation_stands_behind_the_throttles_and_the_size,
    ),
    (f"{MODEL}.backends", ("method.largest_binary if in_base64", "method.largest_body if in_base64"), IN_BASE64),
    (f"{MODEL}.gateway", ("response > method.largest_response", "response > 2 * method.largest_response"), TOO_LARGE_BACK),
    (f"{MODEL}.gateway", ("if refused != NULL:", "if refused == 0:"), LONG),
    (
        f"{MODEL}.gateway", ("        down = self.unavailable[caller.stage]", "        down = 0"),
        integrations.test_while_the_gateway_is_unavailable_nothing_is_spent_and_nothing_asked,
    ),
    (
        f"{MODEL}.mapping", ("    attempt.status = status\n", "    attempt.status = 200\n"),
        integrations.test_a_mapped_error_has_its_status_and_size_and_the_reason_stays,
    ),
    (
        f"{MODEL}.mapping", ("        attempt.reason = why\n", "        pass\n"),
        integrations.test_a_mapped_error_has_its_status_and_size_and_the_reason_stays,
    ),
    (
        f"{MODEL}.backends", ("(job.detached or attempt.gone) and not job.asynchronous", "True"),
        integrations.test_an_event_is_answered_when_lambda_has_it_and_the_function_runs_on,
    ),
    (
        f"{MODEL}.functions", ("if held < TOKEN and not (bucket.off or job.asynchronous):", "if held < TOKEN:"),
        partial(integrations.test_events_neither_meet_nor_spend_lambdas_requests_a_second, first="waits"),
    ),
    (
        f"{MODEL}.attempt", ("        self.flags |= marks\n", ""),
        integrations.test_a_customised_429_is_what_the_client_sees_and_retries_on,
    ),
    (
        f"{MODEL}.gateway", ("if own and method.ttl:", "if own and method.ttl and attempt.reason == OK:"),
        integrations.test_an_error_that_is_a_200_is_cached_like_any_answer,
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("module", "edit", "story"), MUTANTS, ids=[f"{m[0][18:]}: {m[1][0][:30]}" for m in MUTANTS]
)
def test_a_story_notices_the_fault(module: str, edit: Edit, story: Story) -> None:
    story(run=partial(run_on, "simpy"))
    with mutant(module, edit) as run, pytest.raises(AssertionError):
        story(run=run)
