"""A job's cheapest schedule, against every schedule there is."""

from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.plan import Placement, Run
from optimizer.pricing import cheapest
from optimizer.terms import Grain, Terms
from optimizer.work import JobKind, Mode
from tests.optimizer import worlds

N_STEPS = 6
WIDER = Mode(gpus=4, power_kw=4, speed=1.5)
CAPPED = Mode(gpus=2, power_kw=1, speed=0.5)
MODES = ((WIDER,), (CAPPED,), (WIDER, CAPPED))
# 0.34 of a step is no whole number of twentieths.
ODD = Mode(gpus=1, power_kw=0.3, speed=0.34)
SLIP = 1e-9


def least_cost(problem, job, step_cost):
    """Every way to spend the steps at every site: off, or in one of the modes."""
    best = problem.objective.unfinished_price_per_gpu_h * job.gpu_hours
    for position, s in enumerate(problem.admissible_sites(job)):
        moved = problem.transfer_cost(job, problem.sites[s].name)
        first = problem.first_step(job, problem.sites[s].name)
        for modes in product(range(-1, len(job.modes)), repeat=N_STEPS):
            late = lateness_h(problem, job, modes)
            if late is None or any(mode >= 0 for mode in modes[:first]):
                continue
            running = [(mode, t) for t, mode in enumerate(modes) if mode >= 0]
            cost = moved + sum(step_cost[position, mode, t] for mode, t in running)
            cost += late * job.base.gpus * problem.objective.late_price_per_gpu_h
            best = min(best, cost)
    return best


def lateness_h(problem, job, modes):
    """Hours after the soft deadline, None where the work is not done whole and in time."""
    h, done, ran, started, finish = problem.horizon.step_h, 0.0, False, False, None
    for t, mode in enumerate(modes):
        if mode < 0:
            ran = False
            continue
        if started and not ran:
            if job.kind is JobKind.CONTIGUOUS:
                return None
            done -= job.resume_h
        if finish is not None:
            return None
        ran = started = True
        speed = job.modes[mode].speed
        if done + speed * h >= job.work_h - SLIP:
            finish = t * h + (job.work_h - done) / speed
        done += speed * h
    deadline_h = (job.deadline - worlds.START).total_seconds() / 3600
    due_h = (job.due - worlds.START).total_seconds() / 3600
    if finish is None or finish > min(deadline_h, N_STEPS * h) + SLIP:
        return None
    return max(0.0, finish - due_h)


@st.composite
def jobs_with_prices(draw, kind, resumes=(0.0, 0.5, 1.0), modes=MODES):
    step_h = draw(st.sampled_from([0.5, 1.0]))
    base = Mode(gpus=2, power_kw=2)
    modes = (base, *draw(st.sampled_from(modes))) if kind is JobKind.ELASTIC else (base,)
    due = draw(st.integers(1, N_STEPS))
    job = worlds.job(
        kind=kind,
        modes=modes,
        hours=draw(st.sampled_from([0.5, 1, 1.5, 2, 2.5, 3])) * step_h,
        release=draw(st.integers(0, 2)) * step_h,
        due=due * step_h,
        deadline=min(N_STEPS, due + draw(st.integers(0, 2))) * step_h,
        resume_h=0.0 if kind is JobKind.CONTIGUOUS else draw(st.sampled_from(resumes)) * step_h,
        data_gb=draw(st.sampled_from([0, 450])),
    )
    # 450 GB at 1 Gbit/s take an hour.
    problem = worlds.problem(
        worlds.site("home"),
        worlds.site("away"),
        jobs=[job],
        step_h=step_h,
        links=worlds.link("home", "away", cost=0.01),
    )
    price = st.integers(0, 20) | st.just(np.inf)
    shape = (2, len(modes), N_STEPS)
    cost = draw(st.lists(price, min_size=prod(shape), max_size=prod(shape)))
    return problem, job, np.array(cost, dtype=float).reshape(shape)


def mode_of_step(placement):
    """Mode by step, -1 where the job does not run."""
    modes = np.full(N_STEPS, -1)
    for run in placement.runs:
        modes[run.first_step : run.end_step] = run.mode
    return modes


def check_against_every_schedule(problem, job, step_cost):
    cost, placement = cheapest(Terms.of(problem, job), step_cost)
    assert Grain.of(job, problem.horizon.step_h).exact
    assert cost == pytest.approx(least_cost(problem, job, step_cost))
    if placement.runs:
        s = problem.admissible_sites(job).index(problem.site_number[placement.site])
        modes = mode_of_step(placement)
        late = lateness_h(problem, job, modes)
        assert late is not None
        steps = sum(step_cost[s, mode, t] for t, mode in enumerate(modes) if mode >= 0)
        moved = problem.transfer_cost(job, placement.site)
        late_price = job.base.gpus * problem.objective.late_price_per_gpu_h
        assert cost == pytest.approx(moved + steps + late * late_price)
        assert placement.runs[0].first_step >= problem.first_step(job, placement.site)


@settings(max_examples=150)
@given(world=jobs_with_prices(JobKind.CONTIGUOUS))
def test_a_contiguous_job_takes_the_cheapest_of_all_windows(world):
    check_against_every_schedule(*world)


@settings(max_examples=150)
@given(world=jobs_with_prices(JobKind.CHECKPOINTABLE))
def test_a_checkpointable_job_takes_the_cheapest_of_all_pauses(world):
    check_against_every_schedule(*world)


@settings(max_examples=40)
@given(world=jobs_with_prices(JobKind.ELASTIC))
def test_an_elastic_job_takes_the_cheapest_of_all_modes_and_pauses(world):
    check_against_every_schedule(*world)


@settings(max_examples=40)
@given(
    world=jobs_with_prices(JobKind.CHECKPOINTABLE, resumes=(1 / 3, 0.123))
    | jobs_with_prices(JobKind.ELASTIC, modes=((ODD,), (ODD, WIDER)))
)
def test_where_time_must_be_rounded_the_truth_lies_between_bound_and_promise(world):
    problem, job, step_cost = world
    terms = Terms.of(problem, job)
    least = least_cost(problem, job, step_cost)
    assert cheapest(terms, step_cost, optimistic=True)[0] <= least + SLIP
    promised, placement = cheapest(terms, step_cost)
    assert promised >= least - SLIP
    if placement.runs:
        assert lateness_h(problem, job, mode_of_step(placement)) is not None


@pytest.mark.parametrize(
    ("dear", "cost", "runs"),
    [
        pytest.param(
            30, 4, (Run(first_step=0, n_steps=2), Run(first_step=3, n_steps=2)), id="dear: pause"
        ),
        pytest.param(1.5, 3.5, (Run(first_step=0, n_steps=3),), id="not so dear: run through"),
    ],
)
def test_a_pause_is_taken_where_it_saves_more_than_the_resume_repeats(dear, cost, runs):
    # Three hours of work; a resume repeats one, so a pause makes four hours of it.
    job = worlds.job(kind="checkpointable", hours=3, resume_h=1)
    problem = worlds.problem(worlds.site(), jobs=[job])
    price = np.array([[[1.0, 1, dear, 1, 1, 40]]])
    answer = cheapest(Terms.of(problem, job), price)
    assert answer == (cost, Placement(job="job", site="home", runs=runs))


def test_a_job_is_left_unfinished_when_that_costs_less():
    # 2 GPUs for 2 h at 20 a GPU-hour: 80 unfinished, against 2 x 41.
    job = worlds.job()
    problem = worlds.problem(worlds.site(), jobs=[job])
    price = np.full((1, 1, N_STEPS), 41.0)
    cost, placement = cheapest(Terms.of(problem, job), price)
    assert (cost, placement.runs) == (80, ())


def test_lateness_counts_from_the_exact_finish_not_from_the_end_of_the_step():
    # 1.5 h from step 1 on end at 2.5 h, half an hour late: 0.5 h x 2 GPUs x 5.
    job = worlds.job(hours=1.5, release=1, due=2, deadline=6)
    problem = worlds.problem(worlds.site(), jobs=[job])
    free = np.zeros((1, 1, N_STEPS))
    cost, placement = cheapest(Terms.of(problem, job), free)
    assert (cost, placement.runs) == (5, (Run(first_step=1, n_steps=2),))


def test_data_on_a_link_delay_the_first_step():
    # 900 GB at 1 Gbit/s are 2 h on the link: away from home step 2 is the first.
    job = worlds.job(hours=1, data_gb=900)
    problem = worlds.problem(
        worlds.site("home"), worlds.site("away"), jobs=[job], links=worlds.link("home", "away")
    )
    price = np.array([[[5.0] * N_STEPS], [[1.0] * N_STEPS]])
    _, placement = cheapest(Terms.of(problem, job), price)
    assert placement == Placement(job="job", site="away", runs=(Run(first_step=2, n_steps=1),))
