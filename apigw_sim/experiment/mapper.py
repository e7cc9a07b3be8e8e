"""Where runs happen: in this process, in several on this machine, or on a Dask cluster; what comes of them is the same.

A mapper takes jobs as it has room for them and gives what is kept of each as it is finished, with the number of its job.
What a lost process or worker was running is run again; what was finished is not.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from apigw_sim.errors import ApigwSimError
from apigw_sim.experiment.runs import Job, Parcel, run_job, unpacked

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

AHEAD = 2
"""Jobs that are waiting or running for each process: none idles, and few are in vain when a study stops."""
CALLS_PER_SECOND = {"simpy": 25_000.0, "compiled": 1_000_000.0}
"""Roughly, on one processor."""
WORTH_PROCESSES = 5.0
"""Seconds of runs from which on starting processes is repaid."""
HEARTBEAT = 1.0
"""Seconds after which a cluster that says nothing is looked at."""
Workers = int | Literal["auto"] | None
TRIES = 3
"""How often a job may lose its process before the study gives up."""


class LostRunError(ApigwSimError):
    """A run that was lost again and again with its process, or a cluster that went away."""

    exit_status = 1


class _LostError(Exception):
    """A task that its scheduler no longer knows, since what it needs was on a worker that died."""


class ClusterError(ApigwSimError):
    """A cluster that cannot be reached or used."""


T = TypeVar("T")


class Mapper(Protocol):
    """Somewhere to run jobs."""

    def run(self, jobs: Iterable[tuple[int, Job[T]]]) -> Iterator[tuple[int, T]]:
        """What is kept of numbered jobs, as they are finished. Closing it gives up what still runs."""

    def close(self) -> None:
        """Let go of processes and connections."""


class Here:
    """This process, one run after the other."""

    def run(self, jobs: Iterable[tuple[int, Job[T]]]) -> Iterator[tuple[int, T]]:
        """Run each job when it is asked for."""
        for number, job in jobs:
            yield number, run_job(job)

    def close(self) -> None:
        """Nothing is held."""


class Processes:
    """Several processes of this machine."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool: ProcessPoolExecutor | None = None

    def run(self, jobs: Iterable[tuple[int, Job[T]]]) -> Iterator[tuple[int, T]]:
        """Run jobs on all processes; one that dies is replaced and its jobs are run again."""
        from concurrent.futures import FIRST_COMPLETED, wait
        from concurrent.futures.process import BrokenProcessPool

        coming = iter(jobs)
        running: dict[Future[T], tuple[int, Job[T]]] = {}
        lost: list[tuple[int, Job[T]]] = []
        tries: dict[int, int] = {}
        try:
            while True:
                while len(running) < AHEAD * self.count:
                    following = lost.pop() if lost else next(coming, None)
                    if following is None:
                        break
                    try:
                        pool = self._executor(following[1].engine)
                        running[pool.submit(run_job, following[1])] = following
                    except BrokenProcessPool:
                        lost.append(following)
                        break
                if not running and not lost:
                    return
                done = wait(running, return_when=FIRST_COMPLETED).done if running else set()
                finished, broken = [], not running
                for future in done:
                    if isinstance(future.exception(), BrokenProcessPool):
                        broken = True
                    else:
                        finished.append(future)
                for future in finished:
                    yield running.pop(future)[0], future.result()
                if broken:
                    for number, job in running.values():
                        tries[number] = tries.get(number, 0) + 1
                        if tries[number] >= TRIES:
                            raise LostRunError(_lost(job, "its process died"))
                        lost.append((number, job))
                    running.clear()
                    lost.sort(key=lambda one: -one[0])
                    self.close()
        finally:
            for future in running:
                future.cancel()
            if running:
                self._kill()

    def _executor(self, engine: str) -> ProcessPoolExecutor:
        if self._pool is None:
            from concurrent.futures import ProcessPoolExecutor

            self._pool = ProcessPoolExecutor(self.count, _context(engine), _alone)
        return self._pool

    def _kill(self) -> None:
        """End processes in mid-run: nobody waits for what they do."""
        pool = self._pool
        if pool is None:
            return
        for process in list((getattr(pool, "_processes", None) or {}).values()):
            with suppress(OSError, ValueError):
                process.kill()
        self.close()

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def _context(engine: str) -> Any:
    """Processes that are copied from one that has loaded what a run needs, where the system can do that."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    loaded = ["apigw_sim.experiment.runs"]
    context.set_forkserver_preload(
        [*loaded, "apigw_sim.experiment.loaded"] if engine == "compiled" else loaded
    )
    return context


def _alone() -> None:
    """An interruption at the keyboard is for the process that started these."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _lost(job: Job[Any], why: str) -> str:
    return (
        f"replication {job.replication} (seed {job.seed}) was lost {TRIES} times: {why}; "
        "it may need more memory than there is"
    )


class Cluster:
    """A Dask cluster; plans are sent once to each worker."""

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise ClusterError(
                "a cluster needs dask and distributed: pip install 'apigw-sim[cluster]'"
            ) from None
        self.address = address
        try:
            self._client: Any = Client(address, timeout=10, set_as_default=False)
        except (OSError, ValueError, TimeoutError, ImportError) as error:
            raise ClusterError(
                f"{address}: no Dask scheduler answers: {error}; write its address, such as tcp://host:8786"
            ) from None
        self._check_versions()

    def _check_versions(self) -> None:
        """Every worker has to run this very version."""
        from importlib import metadata

        mine = metadata.version("apigw-sim")
        try:
            found = self._client.run(_version)
        except Exception as error:
            self.close()
            raise ClusterError(
                f"{self.address}: a worker cannot import apigw_sim ({error}); install apigw-sim {mine} on every one"
            ) from None
        for worker, version in found.items():
            if version != mine:
                self.close()
                raise ClusterError(
                    f"{worker}: has apigw-sim {version}, this is {mine}; install the same on every worker"
                )

    def run(self, jobs: Iterable[tuple[int, Job[T]]]) -> Iterator[tuple[int, T]]:
        """Run jobs on the workers; what a lost one was running, or held alone, is sent again."""
        from queue import SimpleQueue

        coming = iter(jobs)
        plans: dict[Parcel, Any] = {}
        numbers: dict[Any, tuple[int, Job[T], Any, Any]] = {}
        lost: dict[int, int] = {}
        done: SimpleQueue[Any] = SimpleQueue()

        def send(number: int, job: Job[T]) -> None:
            assert job.parcel is not None, "a job without its plan"
            try:
                if job.parcel not in plans:
                    while len(plans) >= AHEAD:
                        plans.pop(next(iter(plans)))
                    plans[job.parcel] = self._client.scatter(job.parcel.packed, direct=False, hash=False)
                plan = plans[job.parcel]
                future = self._client.submit(
                    _on_worker, plan, job._replace(parcel=None), pure=False, retries=TRIES - 1
                )
            except Exception as error:
                if isinstance(error, OSError | TimeoutError) or not self._alive():
                    raise self._gone(error) from None
                raise
            numbers[future.key] = (number, job, plan, future)
            future.add_done_callback(done.put)

        def fill() -> None:
            while len(numbers) < self._room():
                following = next(coming, None)
                if following is None:
                    return
                send(*following)

        try:
            fill()
            while numbers:
                number, job, plan, future = numbers.pop(self._next(done).key)
                try:
                    found = self._result(job, future)
                except _LostError:
                    lost[number] = lost.get(number, 0) + 1
                    if lost[number] >= TRIES:
                        raise LostRunError(_lost(job, "its worker died")) from None
                    # A plan that only the dead worker held is one that nobody but this process can send again.
                    if job.parcel is not None and plans.get(job.parcel) is plan:
                        del plans[job.parcel]
                    send(number, job)
                    continue
                fill()
                yield number, found
        finally:
            with suppress(Exception):
                if numbers and self._alive():
                    self._client.cancel([future for *_, future in numbers.values()], force=True)

    def _result(self, job: Job[T], future: Any) -> T:
        """What a finished task gives; `_LostError` where the scheduler has forgotten it and can be told again."""
        from distributed.scheduler import KilledWorker

        try:
            found: T = future.result()
        except KilledWorker:
            raise LostRunError(_lost(job, "its worker died")) from None
        except Exception as error:
            if type(error).__name__ not in ("FutureCancelledError", "CancelledError", "CommClosedError"):
                raise
            if self._alive():
                raise _LostError from None
            raise self._gone(error) from None
        return found

    def _next(self, done: Any) -> Any:
        """The next finished run; a scheduler that has gone is noticed."""
        from queue import Empty

        while True:
            try:
                return done.get(timeout=HEARTBEAT)
            except Empty:
                if not self._alive():
                    raise self._gone(None) from None

    def _alive(self) -> bool:
        return bool(self._client.status == "running")

    def _gone(self, error: Exception | None) -> LostRunError:
        why = f": {error}" if error is not None and str(error) else ""
        return LostRunError(f"{self.address}: the cluster went away{why}; what was finished is kept")

    def _room(self) -> int:
        with suppress(Exception):
            threads: int = sum(self._client.nthreads().values())
            return max(AHEAD * threads, AHEAD)
        return AHEAD

    def close(self) -> None:
        """Leave the cluster as it was."""
        with suppress(Exception):
            self._client.close(timeout=5)


def _version() -> str:
    from importlib import metadata

    import apigw_sim.experiment.runs  # noqa: F401  # it must be there

    return metadata.version("apigw-sim")


def _on_worker(packed: bytes, job: Job[T]) -> T:
    return run_job(job._replace(parcel=unpacked(packed)))


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fitting(workers: Workers, calls: float, engine: str) -> int:
    """How many processes: as many as asked for, this one for None; for `auto` more than one where it pays."""
    if workers != "auto":
        return workers or 1
    seconds = calls / CALLS_PER_SECOND.get(engine, 1.0)
    return cores() if seconds > WORTH_PROCESSES else 1


def mapper(workers: int | None = None, cluster: str | None = None) -> Mapper:
    """The mapper that is asked for: a cluster, so many processes, or this one."""
    if cluster is not None:
        return Cluster(cluster)
    if workers is not None and workers > 1:
        return Processes(workers)
    return Here()


@contextmanager
def at(using: Mapper | None, workers: int | None, cluster: str | None) -> Iterator[Mapper]:
    """A mapper for the time of a study: the one that is given, and stays, or one of its own."""
    where = mapper(workers, cluster) if using is None else using
    try:
        yield where
    finally:
        if using is None:
            where.close()
