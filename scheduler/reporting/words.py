"""What the page says in sentences: first screen, assumptions, limits, the way to repeat it."""

from dataclasses import dataclass

import pandas as pd

from optimizer.tally import tally
from optimizer.timing import is_finished
from scheduler.accounting.spread import Range
from scheduler.planning.foresight import outcome
from scheduler.planning.run import PlannedRun
from scheduler.planning.wishes import Teller
from scheduler.reporting.frames.work import met
from scheduler.reporting.texts import Language

NOTHING_PERCENT = 0.05
NO_BREAK = "\u00a0"
REASONS = {
    "run-now buys less": "reason.bought.run_now",
    "the plan buys less": "reason.bought.plan",
    "the plan does less": "reason.less_work",
    "the plan is later": "reason.later",
    "the plan leaves more": "reason.unserved",
    "run-now does no": "reason.no_work",
}
MODEL_LIMITS = ("expected", "dispatch", "work", "carbon", "end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One number of the first screen.

    Attributes:
        range: Between what most futures bring; empty where that is not known.
        change: Against run-now; empty where there is nothing to compare.
        tone: good, bad or empty.
    """

    name: str
    label: str
    value: str
    change: str
    tone: str
    note: str
    range: str = ""


def cards(run: PlannedRun, words: Language) -> tuple[Card, ...]:
    """The first screen's numbers."""
    ours, theirs = run.kpis, run.baseline_kpis
    n_jobs = len(run.problem.jobs)
    ours_met, theirs_met = met(run.problem, run.plan), met(run.problem, run.baseline)

    def of(met_jobs: int) -> str:
        if not n_jobs:
            return words.say("card.no_jobs")
        return words.say("card.of", met=words.number(met_jobs), all=words.number(n_jobs))

    def against(
        name: str, value: str, before: str, change: str, tone: float, *, figure: str = ""
    ) -> Card:
        note, ends = words.say("card.baseline", value=before), ""
        if run.spread and figure:
            ends = words.say("card.range", range=between(run.spread.plan[figure], words))
            beside = between(run.spread.baseline[figure], words)
            note = words.say("card.baseline_range", value=before, range=beside)
        return Card(
            name=name,
            label=words.say(f"card.{name}"),
            value=value,
            change=change,
            tone="good" if tone > 0 else "bad" if tone < 0 else "",
            note=note,
            range=ends,
        )

    more_met = ours_met - theirs_met
    return (
        against(
            "emissions",
            f"{words.number(ours.emissions_kg)}{NO_BREAK}kg CO2e",
            f"{words.number(theirs.emissions_kg)}{NO_BREAK}kg",
            change(words, ours.emissions_kg, theirs.emissions_kg),
            theirs.emissions_kg - ours.emissions_kg,
            figure="emissions_kg",
        ),
        against(
            "cost",
            words.money(ours.cost, ours.currency),
            words.money(theirs.cost, theirs.currency),
            change(words, ours.cost, theirs.cost),
            theirs.cost - ours.cost,
            figure="cost",
        ),
        against(
            "deadlines",
            of(ours_met),
            of(theirs_met),
            words.number(more_met, sign=True) if more_met else "",
            more_met,
        ),
        _gain(run, words, "energy_gain", run.gain.energy_efficiency_percent),
        _gain(run, words, "facility_gain", run.gain.facility_efficiency_percent),
    )


def between(ends: Range, words: Language) -> str:
    """A range as it is written."""
    return words.say("range", low=words.number(ends.low), high=words.number(ends.high))


def basis(run: PlannedRun, words: Language) -> str:
    """Of what kind the numbers are, and how their ranges came about."""
    said = words.say(f"basis.{run.basis}")
    if run.spread is None:
        return said
    return f"{said} {words.say('basis.range', n=words.number(run.spread.n_scenarios))}"


def _gain(run: PlannedRun, words: Language, name: str, percent: float | None) -> Card:
    note = words.say(f"card.{name}_note")
    if percent is None:
        note = words.say("card.gain_unknown", reason=_reason(run.gain.reason, words))
    size = percent or 0.0
    return Card(
        name=name,
        label=words.say(f"card.{name}"),
        value=words.percent(percent, sign=True),
        change="",
        tone="good" if size > NOTHING_PERCENT else "bad" if size < -NOTHING_PERCENT else "",
        note=note,
    )


def _reason(said: str, words: Language) -> str:
    """Why a gain is not stated, in the page's language."""
    key = next((key for start, key in REASONS.items() if said.startswith(start)), None)
    return words.say(key) if key else said


def change(words: Language, after: float, before: float) -> str:
    """The change in percent; empty on a zero base."""
    if abs(before) < 1e-9:  # noqa: PLR2004 - nothing to compare with
        return ""
    return words.percent(100 * (after / before - 1), sign=True)


def advice(run: PlannedRun, words: Language) -> str:
    """What to do, in one sentence that says how sure it is."""
    ours, theirs = run.kpis, run.baseline_kpis
    currency = ours.currency

    def with_percent(amount: str, after: float, before: float) -> str:
        percent = change(words, after, before)
        return f"{amount} ({percent})" if percent else amount

    emissions = words.number(ours.emissions_kg - theirs.emissions_kg, sign=True)
    emissions += f"{NO_BREAK}kg CO2e"
    cost = words.money(ours.cost - theirs.cost, currency, sign=True)
    before = tally(run.problem, run.baseline).objective
    after = tally(run.problem, run.plan).objective
    helps = after < before - NOTHING_PERCENT / 100 * abs(before)
    kind = "forecast" if run.basis == "forecast" else "outcome"
    return words.say(
        f"advice.{kind}" if helps else "advice.indifferent",
        emissions=with_percent(emissions, ours.emissions_kg, theirs.emissions_kg),
        cost=with_percent(cost, ours.cost, theirs.cost),
        met=words.number(met(run.problem, run.plan)),
        all=words.number(len(run.problem.jobs)),
        baseline_met=words.number(met(run.problem, run.baseline)),
    )


def advice_basis(run: PlannedRun, words: Language) -> str:
    """On what the advice rests."""
    price = run.problem.objective.carbon_price_per_kg
    return words.say(
        "advice.basis",
        issued=words.instant(run.issued_at),
        carbon=words.money(price, run.kpis.currency),
    )


def assumptions(run: PlannedRun, sources: pd.DataFrame, words: Language) -> tuple[str, ...]:
    """What was taken for granted, the made-up first."""
    note = words.quote(run.scenario.world.data_note)
    said = [
        words.say("assumed.data", note=note) if note else words.say("assumed.no_data_note"),
        _synthetic(sources, words),
        words.say("assumed.baseline"),
        *(words.say("assumed.note", note=words.quote(one)) for one in run.scenario.notes),
        *(words.say("assumed.file", path=file.name) for file in run.scenario.files),
    ]
    return tuple(said)


def _synthetic(sources: pd.DataFrame, words: Language) -> str:
    made_up = sources[sources["kind"] == "synthetic"] if len(sources) else sources
    if not len(made_up):
        return words.say("assumed.no_synthetic")
    what = [
        f"{words.say(f'variable.{variable}')} ({', '.join(group['place'])})"
        for variable, group in made_up.groupby("variable", sort=False)
    ]
    return words.say("assumed.synthetic", what=", ".join(what))


def futures(run: PlannedRun, words: Language) -> str:
    """What planning for several futures comes to; empty where there was but one."""
    if run.futures is None:
        return ""
    found, currency = run.futures.solution, run.kpis.currency
    comes_to, asked = outcome(run.futures, run.problem), run.futures.foresight
    return words.say(
        "futures",
        n=words.number(len(run.futures.scenarios)),
        weight=words.number(asked.cvar_weight),
        tail=words.percent(100 * asked.cvar_tail),
        mean=words.money(comes_to.mean, currency),
        cvar=words.money(comes_to.cvar, currency),
        worth=words.money(found.value_of_stochastic_solution, currency),
        gap=words.percent(round(100 * found.proof.gap, 2)),
    )


def conflicts(run: PlannedRun, words: Language) -> tuple[str, ...]:
    """Why wishes stay unmet, a sentence each."""
    teller = Teller(run.problem)
    return tuple(words.tell(teller.tell(one)) for one in run.conflicts)


def limits(run: PlannedRun, words: Language) -> tuple[str, ...]:
    """How good the plan is known to be, what is left undone, what the model leaves out."""
    proof, currency = run.solution.proof, run.kpis.currency
    said = [
        words.say(
            "limit.gap",
            gap=words.percent(round(100 * proof.gap, 2)),
            objective=words.money(proof.objective, currency),
            bound=words.money(proof.bound, currency),
        ),
        words.say(
            "limit.deterministic" if proof.deterministic else "limit.not_deterministic",
            stage=words.say(f"stage.{proof.stage.value}"),
        ),
    ]
    placed = zip(run.problem.jobs, run.plan.placements, strict=True)
    undone = [job.name for job, one in placed if not is_finished(run.problem, job, one)]
    if undone:
        said.append(words.say("limit.unfinished", jobs=", ".join(undone)))
    if run.left_for_later:
        said.append(words.say("limit.later", jobs=", ".join(run.left_for_later)))
    if run.spread:
        said.append(words.say("limit.range"))
    said += [words.say(f"limit.{name}") for name in MODEL_LIMITS]
    return tuple(said)


def command(run: PlannedRun) -> str:
    """The one command that makes this report again, from the scenario attached to it."""
    seed = run.solution.proof.seed
    told = f"alize plan {scenario_file(run)} --report" + (f" --seed {seed}" if seed else "")
    if run.futures is None:
        return told
    asked = run.futures.foresight
    return (
        f"{told} --scenarios {asked.n_scenarios} --cvar-weight {asked.cvar_weight:g} "
        f"--cvar-tail {asked.cvar_tail:g}"
    )


def scenario_file(run: PlannedRun) -> str:
    """Name under which the resolved scenario is attached."""
    return f"{run.scenario.name}.yaml"
