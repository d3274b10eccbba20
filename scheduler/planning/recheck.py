"""A run re-checked by a stranger: limits, figures, baseline and bound recomputed, no solver.

What stands in a run folder is taken as a claim; everything that can be derived from the problem and
the placements is derived again and compared.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from optimizer.baselines import run_now
from optimizer.bound import lower_bound
from optimizer.shortfalls.find import conflicts
from optimizer.stochastic.bound import lower_bound as stochastic_bound
from optimizer.stochastic.solution import costs_of, verify_all
from optimizer.tally import tally
from optimizer.verify import verify
from scheduler.accounting.kpis import Kpis, efficiency_gain, kpis_of
from scheduler.accounting.lived import as_announced, lived_kpis
from scheduler.accounting.spread import Range, Spread
from scheduler.planning import codec
from scheduler.planning.actual import actual
from scheduler.planning.foreseen import foreseen
from scheduler.planning.foresight import Futures
from scheduler.planning.futures import draw
from scheduler.planning.planner import digest_of
from scheduler.planning.run import PlannedRun
from scheduler.planning.spread import spread

TOLERANCE = 1e-6
MOST_PLACES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """What was recomputed, and where the claim and the arithmetic differ.

    Attributes:
        checked: What was recomputed, in words with numbers.
        findings: What does not hold; none for an honest run.
    """

    checked: tuple[str, ...]
    findings: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.findings


def recheck(run: PlannedRun) -> Recheck:
    """Recompute everything of `run` that arithmetic can."""
    checked, findings = [], []
    try:
        for said, wrong in _checks(run):
            checked.append(said)
            findings += wrong
    except (IndexError, KeyError, ValueError) as error:
        findings.append(f"the rest cannot be recomputed: {type(error).__name__}: {error}")
    return Recheck(checked=tuple(checked), findings=tuple(findings))


def _checks(run: PlannedRun) -> Iterator[tuple[str, list[str]]]:
    problem, proof = run.problem, run.solution.proof
    asked = as_announced(problem)
    yield _from_scenario(run)
    for name, plan in (("plan", run.plan), ("run-now", run.baseline)):
        broken = [f"{name}: {violation}" for violation in verify(problem, plan)]
        yield f"{name}: every hard limit, {len(broken)} broken", broken
    n_asked = len(asked.jobs)
    baseline = replace(run.baseline, placements=run.baseline.placements[:n_asked])
    for name, plan, claimed, figures in (
        ("plan", run.plan, run.kpis, partial(lived_kpis, problem)),
        ("run-now", baseline, run.baseline_kpis, partial(kpis_of, asked)),
    ):
        yield (
            f"{name}: {len(asdict(claimed))} figures",
            _differing(name, claimed, figures(plan)),
        )
    if run.futures is not None:
        yield from _futures(run, run.futures)
    again = kpis_of(asked, run_now(asked))
    yield "run-now: planned anew", _differing("run-now, planned anew", run.baseline_kpis, again)
    if run.spread is not None:
        yield _spread(run, run.spread)
    yield _conflicts(run)
    objective = tally(problem, run.plan).objective
    yield (
        f"objective: {objective:,.2f}",
        _unequal("objective", proof.objective, objective),
    )
    bound = lower_bound(asked, run.solution.prices)
    yield f"bound: {bound:,.2f}, from the prices", _unequal("bound", proof.bound, bound)
    idle = replace(problem, jobs=(), services=())
    constant = lower_bound(idle, run.solution.idle_prices)
    yield (
        f"constant: {constant:,.2f}, from the idle prices; gap {proof.gap:.2%}",
        _unequal("constant", proof.constant, constant),
    )
    gain = efficiency_gain(run.kpis, run.baseline_kpis)
    wrong = [] if gain == run.gain else [f"gain: claimed {run.gain}, recomputed {gain}"]
    yield "energy efficiency gain", wrong
    digest = digest_of(problem, run.solution, run.futures)
    wrong = [] if digest == run.digest else [f"digest: claimed {run.digest}, recomputed {digest}"]
    yield f"digest: {digest[:16]}", wrong


def _from_scenario(run: PlannedRun) -> tuple[str, list[str]]:
    """The forecasts and the problem, made anew from the scenario."""
    ahead = foreseen(run.scenario, run.issued_at)
    problem = ahead.problem
    if run.basis == "simulated":
        problem, _ = actual(run.scenario)
    wrong = [
        f"{name}: does not follow from the scenario at {place}"
        for name, claimed, found in (
            ("problem", as_announced(run.problem), problem),
            ("forecasts", run.forecasts, ahead.forecasts),
        )
        for place in islice(_apart(codec.encode(claimed), codec.encode(found)), MOST_PLACES)
    ]
    return "problem and forecasts: made anew from the scenario", wrong


def _apart(claimed: Any, found: Any, place: str = "") -> Iterator[str]:
    """Where two encoded values differ by more than round-off."""
    match claimed, found:
        case dict(), dict() if claimed.keys() == found.keys():
            for key in claimed:
                yield from _apart(claimed[key], found[key], f"{place}.{key}" if place else str(key))
        case list(), list() if len(claimed) == len(found):
            for n, (one, other) in enumerate(zip(claimed, found, strict=True)):
                yield from _apart(one, other, f"{place}[{n}]")
        case (int() | float(), int() | float()):
            if not np.isclose(claimed, found, rtol=TOLERANCE, atol=TOLERANCE):
                yield place
        case _ if claimed != found:
            yield place


def _futures(run: PlannedRun, futures: Futures) -> Iterator[tuple[str, list[str]]]:
    """The futures from the forecasts; in each of them limits, costs, bound and what it is worth."""
    found, base = futures.solution, run.problem
    drawn = [codec.encode(one) for one in draw(run.forecasts, futures.foresight)]
    claimed = [codec.encode(one) for one in futures.scenarios]
    yield (
        f"futures: {len(drawn)} chosen anew from the forecasts",
        [
            f"futures: do not follow from the forecasts at {place or 'their number'}"
            for place in islice(_apart(claimed, drawn), MOST_PLACES)
        ],
    )
    stochastic = futures.problem(base)
    n = len(futures.scenarios)
    if not all(len(plan.dispatch) == n for plan in (found.plan, found.mean_plan)):
        yield "futures: flows in each", [f"futures: flows of {n} futures are not all there"]
        return
    for name, plan in (("plan", found.plan), ("mean forecast's plan", found.mean_plan)):
        broken = [f"{name}, futures: {violation}" for violation in verify_all(stochastic, plan)]
        yield f"{name}: every hard limit in each future, {len(broken)} broken", broken
    same = codec.encode(run.plan.placements) == codec.encode(found.plan.placements)
    same = same and codec.encode(run.plan.servings) == codec.encode(found.plan.servings)
    yield (
        "plan: one first stage in every future",
        [] if same else ["plan: its placements or replicas are not those of the futures"],
    )
    costs = costs_of(stochastic, found.plan)
    wrong = [
        line
        for k, (told, again) in enumerate(zip(found.costs, costs, strict=True))
        for line in _unequal(f"futures: cost of future {k}", told, again)
    ]
    objective = stochastic.objective(costs)
    wrong += _unequal("futures: objective", found.proof.objective, objective)
    yield f"futures: cost of each, together {objective:,.2f}", wrong
    mean = stochastic.objective(costs_of(stochastic, found.mean_plan))
    yield (
        f"futures: the mean forecast's plan comes to {mean:,.2f}, {mean - objective:,.2f} more",
        _unequal("futures: mean forecast's plan", found.mean_plan_objective, mean),
    )
    bound = stochastic_bound(stochastic, found.prices)
    constant = stochastic_bound(stochastic.idle, found.idle_prices)
    yield (
        f"futures: bound {bound:,.2f}, from the prices; gap {found.proof.gap:.2%}",
        [
            *_unequal("futures: bound", found.proof.bound, bound),
            *_unequal("futures: constant", found.proof.constant, constant),
        ],
    )


def _conflicts(run: PlannedRun) -> tuple[str, list[str]]:
    """Why wishes stay unmet, found anew."""
    found = conflicts(run.problem, run.plan, carbon_per_kg=run.solution.prices.carbon_per_kg)
    claimed = [codec.encode(one) for one in run.conflicts]
    wrong = [
        f"conflicts: does not follow from the plan at {place or 'their number'}"
        for place in islice(_apart(claimed, [codec.encode(one) for one in found]), MOST_PLACES)
    ]
    return f"unmet wishes: {len(found)} explained anew", wrong


def _spread(run: PlannedRun, claimed: Spread) -> tuple[str, list[str]]:
    """The ranges, from the forecasts' scenarios."""
    found = spread(run.problem, run.plan, run.baseline, run.forecasts)
    pairs = (
        ("plan", claimed.plan, found.plan),
        ("run-now", claimed.baseline, found.baseline),
    )
    wrong = [
        line
        for name, told, again in pairs
        for figure, end in ((figure, end) for figure in again for end in ("low", "high"))
        for line in _unequal(
            f"{name}: {figure}, {end}", _end(told, figure, end), _end(again, figure, end)
        )
    ]
    return f"ranges: over {found.n_scenarios} scenarios of the forecasts", wrong


def _end(ranges: Mapping[str, Range], figure: str, end: str) -> float:
    return float(getattr(ranges[figure], end)) if figure in ranges else np.nan


def _differing(name: str, claimed: Kpis, found: Kpis) -> list[str]:
    return [
        line
        for field, value in asdict(found).items()
        for line in (
            _unequal(f"{name}: {field}", getattr(claimed, field), value)
            if isinstance(value, int | float)
            else []
        )
    ]


def _unequal(name: str, claimed: float, found: float) -> list[str]:
    if np.isclose(claimed, found, rtol=TOLERANCE, atol=TOLERANCE):
        return []
    return [f"{name}: claimed {claimed:,.6g}, recomputed {found:,.6g}"]
