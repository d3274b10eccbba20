"""The synthetic instances of the optimizer's benchmark are what its page says they are."""

from collections import Counter

import pytest

from benchmarks.ending import Ending
from benchmarks.optimizer.case import Asked, measure
from benchmarks.optimizer.instance import Size, instance
from optimizer.fingerprint import fingerprint
from optimizer.work import JobKind

SIZE = Size(jobs=1000, sites=3, steps=168)


@pytest.fixture(scope="module")
def problem():
    return instance(SIZE, 0)


def test_a_seed_gives_one_instance_and_another_seed_another(problem):
    assert fingerprint(instance(SIZE, 0)) == fingerprint(problem)
    assert fingerprint(instance(SIZE, 1)) != fingerprint(problem)


def test_the_classes_have_their_shares(problem):
    kinds = Counter(job.kind for job in problem.jobs)
    shares = {kind: kinds[kind] / len(problem.jobs) for kind in JobKind}
    assert shares[JobKind.CONTIGUOUS] == pytest.approx(0.3, abs=0.05)
    assert shares[JobKind.CHECKPOINTABLE] == pytest.approx(0.5, abs=0.05)
    assert shares[JobKind.ELASTIC] == pytest.approx(0.2, abs=0.05)


def test_no_job_is_larger_than_half_a_pool_in_its_base_mode(problem):
    least = {pool.gpu_type: pool.gpus.min() for _, pool in problem.pools}
    assert all(job.base.gpus * 2 <= least[job.gpu_type] for job in problem.jobs)


def test_every_job_can_end_inside_the_horizon(problem):
    for job in problem.jobs:
        assert job.deadline <= problem.horizon.end
        assert (job.due - job.release).total_seconds() / 3600 >= job.work_h


def test_gpus_grow_with_the_jobs(problem):
    larger = instance(Size(jobs=4000, sites=3, steps=168), 0)
    ratio = larger.pool_gpus.sum() / problem.pool_gpus.sum()
    assert ratio == pytest.approx(4, rel=0.25)


def test_a_measured_instance_is_planned_between_its_bound_and_run_now():
    answer = measure(Asked(jobs=12, sites=2, steps=48, seed=0, ending=Ending(gap=0.05, time_s=20)))
    assert 0 < answer.values["bound"] <= answer.values["objective"]
    assert 0 < answer.values["saving_captured"] <= 1
    assert answer.cost.cpu_seconds >= answer.values["solve_cpu_seconds"] > 0
