"""Sets of constraints that explain a shortfall: each member is needed, and all of them suffice.

The plans are run-now's in scarce random worlds, which leaves many jobs late or unfinished; whether
a job can end in time under some limits is asked anew here, by trying every site and start.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.baselines import firm_supply_kw, run_now
from optimizer.load import extra_it_kw, reserved_gpus
from optimizer.shortfalls.beside import Beside
from optimizer.shortfalls.conflict import Cause, Limit, Wish
from optimizer.shortfalls.deletion import irreducible
from optimizer.shortfalls.find import conflicts
from optimizer.work import JobKind
from tests.optimizer.tiny import tiny

SEEDS = range(60)
OF_JOBS = (Wish.FINISHED, Wish.ON_TIME)


@given(weights=st.lists(st.integers(0, 9), min_size=1, max_size=40), share=st.floats(0, 0.99))
def test_what_is_left_of_a_deletion_suffices_and_no_member_may_be_missing(weights, share):
    least = share * sum(weights)
    members = list(enumerate(weights))

    def forced(some):
        return sum(weight for _, weight in some) >= least

    kept = irreducible(members, forced)
    assert forced(kept)
    assert not any(forced([one for one in kept if one != left]) for left in kept)
    assert list(kept) == [one for one in members if one in kept]


def test_what_forces_nothing_is_refused():
    with pytest.raises(ValueError, match="3 constraints do not force anything together"):
        irreducible([1, 2, 3], lambda some: sum(some) > 6)


def scarce(seed):
    """The world of `seed` with a third of its GPUs, a quarter of its grid and no battery."""
    problem = tiny(seed)
    sites = tuple(
        replace(
            site,
            battery=None,
            grid=site.grid and replace(site.grid, import_limit_kw=site.grid.import_limit_kw / 4),
            pools=tuple(replace(pool, gpus=pool.gpus // 3 + 1) for pool in site.pools),
        )
        for site in problem.sites
    )
    jobs = tuple(
        replace(job, kind=kind, modes=job.modes[:1], resume_h=0.0)
        for job in problem.jobs
        for kind in [JobKind.CONTIGUOUS if job.resume_h == 0 else JobKind.CHECKPOINTABLE]
    )
    return replace(problem, sites=sites, jobs=jobs, services=())


def in_time(problem, plan, conflict, held):
    """Whether the job of `conflict` can end in time where only `held` holds, by trying all."""
    (job,) = [one for one in problem.jobs if one.name == conflict.subject]
    limits, h, n_steps = (
        {one.limit for one in held},
        problem.horizon.step_h,
        problem.horizon.n_steps,
    )
    beside = Beside.of(problem, plan)
    names = {one.subject for one in held if one.limit is Limit.OTHER_WORK}
    load = beside.load([n for n, name in enumerate(beside.owners) if name in names])
    by = job.due if conflict.wish is Wish.ON_TIME else min(job.deadline, problem.horizon.end)
    by_h = problem.horizon.steps_until(by) * h if Limit.DEADLINE in limits else n_steps * h
    work_h = job.work_h if Limit.WORK in limits else min(job.work_h, h / 50)
    for s, site in enumerate(problem.sites):
        if Limit.RESIDENCY in limits and job.residency and site.jurisdiction not in job.residency:
            continue
        moved = replace(
            job,
            data_gb=job.data_gb if Limit.TRANSFER in limits else 0.0,
            release=job.release if Limit.RELEASE in limits else problem.horizon.start,
        )
        if problem.transfer_h(moved, site.name) is None:
            continue
        k = problem.pool_number[s, job.gpu_type]
        is_open = np.arange(n_steps) >= problem.first_step(moved, site.name)
        if Limit.POOL in limits:
            free = problem.pool_gpus[k] - load.gpus[k]
            is_open &= free >= reserved_gpus(problem, job, s, 0)
        if any(one.limit is Limit.POWER and one.subject == site.name for one in held):
            drawn = site.cooling.overhead_kw + site.cooling.slope * load.it_kw[s]
            spare = firm_supply_kw(problem, site) - drawn
            wanted = extra_it_kw(problem, job, s, 0) * site.cooling.slope
            is_open &= wanted <= np.maximum(0.0, spare) + 1e-9
        n = max(1, int(np.ceil(work_h / h - 1e-9)))
        if job.kind is JobKind.CONTIGUOUS and Limit.UNBROKEN in limits:
            starts = [t for t in range(n_steps - n + 1) if is_open[t : t + n].all()]
            ends = [t * h + work_h for t in starts]
        else:
            steps = np.flatnonzero(is_open)
            ends = [steps[n - 1] * h + work_h - (n - 1) * h] if len(steps) >= n else []
        if ends and min(ends) <= by_h + 1e-6:
            return True
    return False


@pytest.mark.parametrize("seed", SEEDS)
def test_all_of_a_set_force_the_shortfall_and_without_any_one_the_wish_is_met(seed):
    problem = scarce(seed)
    plan = run_now(problem)
    for conflict in conflicts(problem, plan):
        if conflict.wish not in OF_JOBS or conflict.cause is Cause.PRICE:
            continue
        kept = conflict.constraints
        assert not in_time(problem, plan, conflict, kept)
        for left in kept:
            rest = [one for one in kept if one != left]
            assert in_time(problem, plan, conflict, rest), (conflict.subject, left)


def test_the_scarce_worlds_hold_conflicts_of_every_cause():
    causes, limits = set(), set()
    for seed in SEEDS:
        problem = scarce(seed)
        for conflict in conflicts(problem, run_now(problem)):
            causes.add(conflict.cause)
            limits |= {one.limit for one in conflict.constraints}
    assert causes == set(Cause)
    assert {Limit.OTHER_WORK, Limit.POOL, Limit.WORK, Limit.POWER, Limit.UNBROKEN} <= limits
