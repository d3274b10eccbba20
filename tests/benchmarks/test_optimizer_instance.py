"""The synthetic instances of the optimizer's benchmark are what its page says they are."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from benchmarks.optimizer.instance import REAL_WIDEST_GPUS, Size, instance
from benchmarks.optimizer.trace import take
from benchmarks.traces import PHILLY, TRACES
from optimizer.fingerprint import fingerprint
from optimizer.work import JobKind
from scheduler.errors import DataUnavailable

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


def a_trace(n_jobs=2000, run_h=None, gpus=None):
    """Four weeks of jobs, one every twenty minutes: of 1 to 12 h, on 1 to 8 GPUs."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "submitted_h": np.arange(n_jobs) / 3,
            "run_h": run_h or rng.uniform(1, 12, n_jobs),
            "gpus": gpus or rng.choice([1, 2, 8], n_jobs, p=[0.8, 0.15, 0.05]),
        }
    )


def of_trace(jobs, seed=0):
    size = Size(jobs=jobs, sites=3, steps=168)
    return instance(size, seed, take(a_trace(), size, seed, "some trace").jobs)


@pytest.mark.parametrize(
    "jobs",
    [
        pytest.param(50, id="a part of a week"),
        pytest.param(1000, id="some weeks laid over each other"),
        pytest.param(3000, id="more than the trace holds"),
    ],
)
def test_a_trace_gives_as_many_jobs_as_asked_and_each_can_end(jobs):
    problem = of_trace(jobs)
    assert len(problem.jobs) == jobs
    for job in problem.jobs:
        assert job.deadline <= problem.horizon.end
        assert (job.due - job.release).total_seconds() / 3600 >= job.work_h


def test_a_job_of_a_trace_keeps_its_hour_its_length_and_its_width():
    size = Size(jobs=1, sites=1, steps=48)
    # Submitted at 10:20 on the fifth day, hour 106: hour 10 of its two days is over by 20 minutes.
    trace = pd.DataFrame({"submitted_h": [4 * 24 + 10 + 1 / 3], "run_h": [2.2], "gpus": [4]})
    (job,) = take(trace, size, 0, "some trace").jobs
    assert (job.release_h, job.work_h, job.gpus) == (11, 3, 4)


def test_jobs_of_a_trace_are_about_as_tight_as_drawn_ones(problem):
    def load(one):
        return sum(job.gpu_hours for job in one.jobs) / one.pool_gpus.sum()

    assert load(of_trace(1000)) == pytest.approx(load(problem), rel=0.1)


def test_another_seed_takes_other_jobs_of_a_trace_and_the_same_seed_the_same():
    assert fingerprint(of_trace(50)) == fingerprint(of_trace(50))
    assert fingerprint(of_trace(50)) != fingerprint(of_trace(50, seed=1))


def test_the_widest_job_of_a_trace_fits_every_pool():
    problem = of_trace(200)
    assert max(job.base.gpus for job in problem.jobs) == REAL_WIDEST_GPUS
    assert problem.pool_gpus.min() > REAL_WIDEST_GPUS


def test_a_trace_without_a_job_that_fits_is_refused():
    with pytest.raises(DataUnavailable, match=r"some trace: no job of 1 to 48 h on at most 8 GPUs"):
        take(a_trace(run_h=100.0), SIZE, 0, "some trace")


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        pytest.param(
            "philly",
            {
                "submit_time_naive": pd.to_datetime(["2017-10-02 06:00", "2017-10-03 02:00"]),
                "duration_s": 7200.0,
                "num_gpus": 2,
            },
            id="an instant and seconds",
        ),
        pytest.param(
            "alibaba-gpu",
            {
                "creation_time_s": [21600, 93600],
                "scheduled_time_s": [21700, 93700],
                "deletion_time_s": [28900, 100900],
                "num_gpu": 2,
            },
            id="seconds of creation, start and end",
        ),
        pytest.param(
            "alibaba-pai",
            {"arrival_time_h": [6.0, 26.0], "length_h": 2.0, "cpus": 2},
            id="hours",
        ),
    ],
)
def test_every_trace_is_read_from_files_found_by_pattern(name, columns, tmp_path):
    path = tmp_path / TRACES[name].pattern.replace("*", "x")
    path.parent.mkdir()
    frame = pd.DataFrame(columns)
    frame.to_csv(path) if path.suffix == ".csv" else frame.to_parquet(path)
    jobs = TRACES[name].jobs(tmp_path)
    assert list(jobs["submitted_h"]) == pytest.approx([6, 26])
    assert list(jobs["run_h"]) == pytest.approx([2, 2])
    assert list(jobs["gpus"]) == [2, 2]


def test_jobs_that_never_ran_are_left_out(tmp_path):
    path = tmp_path / PHILLY.pattern.replace("*", "x")
    path.parent.mkdir()
    times = pd.to_datetime(["2017-10-02", "2017-10-02"])
    frame = {"submit_time_naive": times, "duration_s": [0.0, 60.0], "num_gpus": 1}
    pd.DataFrame(frame).to_parquet(path)
    assert len(PHILLY.jobs(tmp_path)) == 1
