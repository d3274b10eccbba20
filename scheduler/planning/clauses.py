"""What is said of a job, in parts: which thing is said, and the facts that fill it in.

The screen says it in English; whoever writes another language puts the same facts into its own
words. Knows no plan.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Union

WORDS: Mapping[str, str] = {
    "at_once": "starts as soon as it may",
    "cleaner": "waits for cleaner or cheaper energy: {kg:+.1f} kg and {money:+.0f} {currency}"
    " against a start at once",
    "waits": "waits: at once, {limit}",
    "unfinished": "left unfinished: {limit}",
    "left": "left unfinished, though a start is possible",
    "too_late": "would end {hours:.3g} h after the hard deadline",
    "gpus": "GPUs: {left} of the {needed} needed are free at {at:%a %H:%M}",
    "power": "power: {kw:.0f} kW are missing at {at:%a %H:%M}",
    "no_site": "no site has the GPUs it asks for",
    "moved": ", moved from {home}",
    "pause": ", 1 pause",
    "pauses": ", {n} pauses",
    "late": ", ends {hours:.3g} h after its soft deadline",
    # Wishes that are not met
    "wish_never": "{job} cannot run at all",
    "wish_horizon": "{job} cannot end before the horizon does",
    "wish_finished": "{job} cannot end by its hard deadline {by:%a %Y-%m-%d %H:%M}",
    "wish_on_time": "{job} cannot end on time, by {by:%a %Y-%m-%d %H:%M}, and is {hours:.3g} h"
    " late",
    "wish_finished_price": "{job} is left unfinished, though no limit forces that",
    "wish_on_time_price": "{job} is {hours:.3g} h late, though no limit forces that",
    "wish_served": "{service} leaves {requests:,.0f} requests unanswered, most of them at"
    " {at:%a %H:%M}",
    "wish_protected": "{service} would leave {requests:,.0f} requests unanswered if a site were"
    " lost, most of them at {at:%a %H:%M}",
    "wish_powered": "{site} lacks {kwh:,.1f} kWh between {first:%a %H:%M} and {end:%a %H:%M}",
    "wish_carbon": "the carbon budget of {budget:,.1f} kg is exceeded by {kg:,.1f} kg",
    "because": ": ",
    "besides": ", ",
    "limit_work": "it needs {hours:.3g} h on {gpus:,.0f} {gpu_type}",
    "limit_width": "it asks for {gpus:,.0f} {gpu_type}",
    "limit_release": "it is released at {at:%a %H:%M}",
    "limit_running": "it is running at {site} and may not pause",
    "limit_residency": "it must stay in {places}",
    "limit_certification": "its site must be certified for {what}",
    "limit_allowed": "it may run at {sites} only",
    "limit_transfer": "its {gb:,.0f} GB must be moved first",
    "limit_unbroken": "it may not pause",
    "limit_resume": "each resume repeats {hours:.3g} h",
    "limit_nodes": "it takes whole nodes",
    "limit_after": "it waits for {job}, which ends at {at:%a %H:%M}",
    "limit_after_never": "it waits for {job}, which is left unfinished",
    "limit_pool": "the largest pool it may use has {gpus:,.0f} ({site})",
    "limit_pool_varies": "the largest pool it may use has {gpus:,.0f} at times ({site}) and"
    " {fewest:,.0f} at others",
    "limit_power": "{site} cannot supply the {kw:,.1f} kW it draws",
    "limit_power_service": "{site} has too little power for its replicas",
    "limit_other": "{work} holds {gpus:,.0f} GPUs between {first:%a %H:%M} and {end:%a %H:%M}",
    "limit_other_priority": "{work} (priority {priority:.3g} against {own:.3g}) holds {gpus:,.0f}"
    " GPUs between {first:%a %H:%M} and {end:%a %H:%M}",
    "limit_others": "{n} more jobs and services hold GPUs too",
    "limit_demand": "{rps:,.3g} requests a second need {gpus:,.0f} {gpu_type}",
    "limit_latency": "answers must be there within {ms:.3g} ms",
    "limit_redundancy": "{site} may be lost",
    "limit_draws": "it draws {kw:,.1f} kW with nothing running",
    "limit_grid": "its grid connection gives at most {kw:,.1f} kW then",
    "limit_generator": "its generator gives at most {kw:,.1f} kW",
    "limit_battery": "its battery holds at most {kwh:,.1f} kWh",
    "limit_plant": "its {plant} gives at most {kw:,.1f} kW then",
    "limit_load": "{work} draws {kw:,.1f} kW between {first:%a %H:%M} and {end:%a %H:%M}",
    "limit_emits": "{work} emits at least {kg:,.1f} kg",
    "limit_idle_emits": "idle sites emit more than that alone",
    "price_worth": "; meeting it would cost {extra:,.0f} {currency} more and spare {cost:,.0f}",
    "price_missed": "; meeting it would cost {extra:,.0f} {currency} more and spare {cost:,.0f}, a"
    " plan that the search did not find",
    "price_only": "; what it takes costs more than the {cost:,.0f} {currency} it counts for",
    "cure": "; it would do to ",
    "or": ", or to ",
    "no_cure": "; no single change that was tried would do",
    "cure_end-later": "let it end at {at:%a %H:%M}",
    "cure_release-earlier": "release it at {at:%a %H:%M}",
    "cure_fewer-gpus": "ask for at most {amount:,.0f} GPUs",
    "cure_more-gpus": "add {amount:,.0f} GPUs at {subject}",
    "cure_more-power": "add {amount:,.0f} kW at {subject}",
    "cure_admit-site": "admit {subject}",
    "cure_allow-pauses": "let it pause",
    "cure_share-nodes": "let it share nodes",
    "cure_not-after": "start it without waiting for {subject}",
    "cure_without": "take away {subject}",
    "cure_latency-budget": "allow {amount:.3g} ms",
    "cure_larger-budget": "budget {amount:,.1f} kg",
}
"""By what is said; a template's numbers and instants say how they are written."""

Fact = Union[str, int, float, datetime, "Clause"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One thing said.

    Attributes:
        says: Which, a key of `WORDS`.
        facts: What fills it in, by name.
    """

    says: str
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def __str__(self) -> str:
        return WORDS[self.says].format(**self.facts)


def sentence(clauses: Iterable[Clause]) -> str:
    """The clauses in English, one after another.

    >>> sentence([Clause(says="at_once"), Clause(says="moved", facts={"home": "paris"})])
    'starts as soon as it may, moved from paris'
    """
    return "".join(str(clause) for clause in clauses)
