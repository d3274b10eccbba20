"""One colour a source everywhere: figures and the page's legends ask here.

The hues of supply are those of Okabe and Ito's set, told apart by colour-blind eyes; what is lost
or missing is hatched grey and red.
"""

SUPPLY = {
    "wind_kw": "#0072b2",
    "pv_kw": "#e8b400",
    "discharge_kw": "#009e73",
    "grid_import_kw": "#8b8f98",
    "generator_kw": "#7a4a21",
    "unmet_kw": "#d0021b",
}
USE = {
    "services_kw": "#9b59b6",
    "jobs_kw": "#56b4e9",
    "idle_and_overhead_kw": "#b9bec7",
    "charge_kw": "#66c9a8",
    "grid_export_kw": "#5f6470",
    "curtailed_kw": "#e3d9b8",
}
FLOWS = {**SUPPLY, **USE}
KIND = {"contiguous": "#1b6ca8", "checkpointable": "#2a9d8f", "elastic": "#c8553d"}
RUN_NOW = "#9aa0a8"
DUE = "#e08e0b"
DEADLINE = "#d0021b"
PLAN = "#1b6ca8"
BETTER = "#2a9d8f"
WORSE = "#c8553d"
BAND = "#7fb0d8"
