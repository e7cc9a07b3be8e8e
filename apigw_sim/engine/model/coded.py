"""The model with a user's own backends in it."""

from __future__ import annotations

from apigw_sim.engine.model.clock import OURS
from apigw_sim.engine.model.code import Coded, blamed
from apigw_sim.engine.model.model import Model


class CodedModel(Model):
    """A model that runs code of a user: its errors are told as theirs, and its own processes are not waited for."""

    def advance(self, until: int) -> None:
        """Let everything before `until` happen."""
        try:
            super().advance(until)
        except Exception as error:
            coded = [backend for backend in self.backends if isinstance(backend, Coded)]
            if (found := blamed(coded, error)) is not None:
                raise found from error
            raise

    @property
    def pending(self) -> int:
        """How many events are still to come; none once all attempts are answered, whatever a user's processes go on with."""
        ours = any(event[2] == OURS for event in self.clock._queue)
        return super().pending if ours else 0
