"""Jobs fail by the GPU-hours they hold, and go on from a checkpoint, or begin anew."""

import math

import pytest

from optimizer.limits import Limits
from scheduler.planning.actual import actual
from scheduler.planning.recheck import recheck
from scheduler.scenario import load
from scheduler.simulation.document import document
from scheduler.simulation.failures import Failures
from scheduler.simulation.run import simulate
from scheduler.simulation.simulate import Pace


def failed_at(failures, gpu_h):
    return [hour for hour in range(1, 20_001) if failures.strikes("train", gpu_h)]


def test_failures_lie_so_many_gpu_hours_apart_whatever_the_steps():
    hourly, halved = failed_at(Failures(3, 100.0), 8.0), failed_at(Failures(3, 100.0), 4.0)
    # 160,000 GPU-hours, a failure every hundred: 1,600 with a standard deviation of 40.
    assert len(hourly) == pytest.approx(1600, abs=120)
    # Half the GPUs reach the same GPU-hours in twice the time; the overshoot of a step is lost.
    assert halved[:3] == pytest.approx([2 * hour for hour in hourly[:3]], abs=3)


def test_without_a_rate_nothing_fails():
    assert failed_at(Failures(3, None), 8.0) == []


def lived(kind, seed, resume_h=0.0):
    edits = (
        f"seed={seed}",
        "surprises.gpu_h_between_failures=24",
        f"jobs.list.train.kind={kind}",
        f"jobs.list.train.resume_h={resume_h}",
    )
    return simulate(
        load("one-site-one-battery", edits=edits),
        limits=Limits(gap=1e-6),
        pace=Pace(replan_steps=4, window_steps=12),
    )


def first_that_fails(kind, **wishes):
    """The first of a few seeds whose job fails, and is done in the end."""
    for seed in range(12):
        simulated = lived(kind, seed, **wishes)
        if simulated.lived.failures and not simulated.run.kpis.jobs_unfinished:
            return simulated
    raise AssertionError("no seed has a failure")


def test_a_job_that_can_pause_rests_a_step_and_repeats_what_its_checkpoint_lacks():
    simulated = first_that_fails("checkpointable", resume_h=0.5)
    (placement,) = simulated.run.plan.placements
    ends = {run.end_step for run in placement.runs}
    steps = [step for step, _ in simulated.lived.failures]
    assert set(steps) <= ends
    ran = {step for run in placement.runs for step in range(run.first_step, run.end_step)}
    assert ran.isdisjoint(steps)
    # Four hours of work, and half an hour that is repeated by each resume, in whole hours.
    hours = math.ceil(4 + 0.5 * (len(placement.runs) - 1))
    assert sum(run.n_steps for run in placement.runs) == hours
    assert simulated.lived.lost == ()
    assert recheck(simulated.run).findings == ()
    assert len(document(simulated)["simulation"]["failures"]) == len(steps)


def test_a_job_that_cannot_pause_begins_anew():
    simulated = first_that_fails("contiguous")
    steps = [step for step, _ in simulated.lived.failures]
    assert [lost.runs[-1].end_step for lost in simulated.lived.lost] == steps
    again = simulated.run.plan.placements[0]
    assert again.runs[0].first_step > steps[-1]
    assert sum(run.n_steps for run in again.runs) == 4
    # 8 GPUs x 4 h are useful; what was lost was drawn and paid for.
    assert simulated.run.kpis.useful_work_gpu_h == pytest.approx(32)
    assert recheck(simulated.run).findings == ()


def test_true_work_strays_from_what_was_announced_around_it():
    edits = ("surprises.work_sigma=0.4",)
    announced, true = load("dakhla"), load("dakhla", edits=edits)
    stated = {job.name: job.work_h for job in announced.jobs}
    factors = [job.work_h / stated[job.name] for job in actual(true)[0].jobs]
    # exp(0.4 z - 0.08): mean 1, standard deviation 0.417, over about 200 jobs.
    assert sum(factors) / len(factors) == pytest.approx(1, abs=0.1)
    assert min(factors) < 0.7
    assert max(factors) > 1.4
    assert {job.name: job.work_h for job in true.jobs} == stated
