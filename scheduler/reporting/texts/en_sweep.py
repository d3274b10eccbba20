"""English, what the page of a sweep says."""

SWEEP = {
    "sweep.title": "Alizé sweep: {name}",
    "sweep.question": "What moves cost and carbon of {name}?",
    "sweep.basis.planned": "{done} of {of} worlds worked out; expected values: plans on forecasts,"
    " not yet savings.",
    "sweep.basis.lived": "{done} of {of} worlds worked out; simulated outcomes, with forecasts that"
    " were wrong.",
    "sweep.tornado": "What moves the result most",
    "sweep.tornado.caption": "From the least to the largest along each axis; the red mark is the"
    " scenario as it stands where axes were moved one at a time, else the mean of all worlds.",
    "sweep.tornado.alt": "Bars of {figure} by axis, the longest first",
    "sweep.pareto": "Cost against carbon",
    "sweep.pareto.caption": "Each world is a point; no other beats the joined ones in both.",
    "sweep.pareto.alt": "Points of cost and emissions, the undominated ones joined",
    "sweep.heat": "Two choices against each other",
    "sweep.heat.caption": "The mean over all other axes.",
    "sweep.heat.alt": "{figure} by {first} and {second}",
    "sweep.world": "World",
    "sweep.worlds": "Worlds: {shown} of {of}",
    "sweep.as_is": "as it stands",
    "sweep.status": "State",
    "sweep.status.done": "done",
    "sweep.status.refused": "refused",
    "sweep.status.failed": "failed",
    "sweep.troubled": "Worlds without figures",
    "kpi.gap": "Gap",
    "kpi.energy_efficiency_gain_percent": "Energy efficiency gain [%]",
}
