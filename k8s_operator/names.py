"""Every name that users, manifests and the operator share. Part of the API: never renamed.

Light to import: the running operator, the admission policies and the commands all spell these.
"""

GROUP = "alize.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

#: Who wrote a field, as server-side apply keeps it.
ACTUATOR = "alize-actuator"
STATUS_WRITER = "alize-status"

# Labels.
MANAGED = f"{GROUP}/managed"
SITE = f"{GROUP}/site"
GPU_TYPE = f"{GROUP}/gpu-type"
ACTIVE = f"{GROUP}/active"
KUEUE_QUEUE = "kueue.x-k8s.io/queue-name"

# What a Job says about itself: annotations, all of them optional.
DEADLINE = f"{GROUP}/deadline"
DUE = f"{GROUP}/due"
EARLIEST_START = f"{GROUP}/earliest-start"
RUN_TIME = f"{GROUP}/run-time"
CHECKPOINTABLE = f"{GROUP}/checkpointable"
RESUME_TIME = f"{GROUP}/resume-time"
ELASTIC_MODES = f"{GROUP}/elastic-modes"
WATTS_PER_GPU = f"{GROUP}/watts-per-gpu"
HOME = f"{GROUP}/home"
RESIDENCY = f"{GROUP}/residency"
CERTIFICATIONS = f"{GROUP}/certifications"
DATA_GIGABYTES = f"{GROUP}/data-gigabytes"
PRIORITY = f"{GROUP}/priority"
WHOLE_NODES = f"{GROUP}/whole-nodes"
AFTER = f"{GROUP}/after"
RUN_NOW = f"{GROUP}/run-now"
PROGRESS = f"{GROUP}/progress"

# What the operator, or an admission policy, says on a Job.
HELD = f"{GROUP}/held"
#: What `held` says once a Job is let go; the annotation stays ours.
LET_GO = "no"
PLANNED_START = f"{GROUP}/planned-start"
PLANNED_SITE = f"{GROUP}/planned-site"
PLAN = f"{GROUP}/plan"
REASON = f"{GROUP}/reason"
LATEST_START = f"{GROUP}/latest-start"
PAUSES = f"{GROUP}/pauses"
PAUSED_AT = f"{GROUP}/paused-at"
DONE = f"{GROUP}/done"
BASE_GPUS = f"{GROUP}/base-gpus"
RESIZED_AT = f"{GROUP}/resized-at"
RUN_TIME_BY = f"{GROUP}/run-time-by"

#: All of them: every apply repeats those that are there, or it would take them away.
WRITTEN = (
    HELD,
    PLANNED_START,
    PLANNED_SITE,
    PLAN,
    REASON,
    LATEST_START,
    RUN_TIME_BY,
    PAUSES,
    PAUSED_AT,
    DONE,
    BASE_GPUS,
    RESIZED_AT,
)

#: On the Lease: which process holds it, where two are called the same.
PROCESS = f"{GROUP}/process"

GPU_RESOURCE = "nvidia.com/gpu"
GPU_PRODUCT = "nvidia.com/gpu.product"

#: What each annotation a user may write means; the documentation and the checks read it here.
VOCABULARY = {
    DEADLINE: "Hard deadline, an instant such as 2026-03-02T18:00:00Z.",
    DUE: "Soft deadline, an instant; being later is priced.",
    EARLIEST_START: "Earliest start, an instant; the creation unless said.",
    RUN_TIME: "Time it takes at its declared width, such as 6h or 90m.",
    CHECKPOINTABLE: "true where it may be paused: it keeps its progress on SIGTERM.",
    RESUME_TIME: "Work repeated after each pause, such as 15m.",
    ELASTIC_MODES: 'Other widths, as JSON: [{"gpus": 16, "speed": 1.8, "watts-per-gpu": 700}].',
    WATTS_PER_GPU: "IT power of each GPU while it runs, its share of the server included. [W]",
    HOME: "Site where its data lie; the first admissible one unless said.",
    RESIDENCY: "Jurisdictions it may run in, separated by commas, such as MA,FR.",
    CERTIFICATIONS: "What a site must be certified for, separated by commas.",
    DATA_GIGABYTES: "Moved over a link before it starts away from home. [GB]",
    PRIORITY: "Multiplies what its lateness costs; 1 unless said.",
    WHOLE_NODES: "true where it reserves all GPUs of the nodes it is on.",
    AFTER: "Names of Jobs of its namespace that must have ended before, separated by commas.",
    RUN_NOW: "true where it shall not wait for cleaner energy.",
    PROGRESS: "Share of its work that is done, as it says itself, from 0 to 1.",
}
