"""What the operator writes on autoscalers and routes, and what its events on profiles are called.

Part of the API: never renamed. All of it is taken away when an object is put back.
"""

from enum import StrEnum

from k8s_operator.names import GROUP

#: Who wrote a bound or a weight, as the API server keeps it.
SCALER = "alize-scaler"
#: Label of what is steered, so that it is found when its profile is gone.
STEERED = f"{GROUP}/steered"
#: Namespace and name of the profile.
STEERED_BY = f"{GROUP}/steered-by"
#: What a person or GitOps had set before, as JSON.
BEFORE = f"{GROUP}/before"
#: What the operator set last, as JSON: where it differs, somebody else has written.
WRITTEN = f"{GROUP}/written"
#: When the weights were last moved.
SHIFTED_AT = f"{GROUP}/shifted-at"
#: Sites that were lost and to which requests have not returned, with commas.
AWAY = f"{GROUP}/away"
ANNOTATIONS = (STEERED_BY, BEFORE, WRITTEN, SHIFTED_AT, AWAY)


class Event(StrEnum):
    """What an event on a profile is called."""

    SLO_FLOOR = "SLOFloorHit"
    FAILED_OVER = "InferenceFailedOver"
    RETURNED = "InferenceReturned"
    CONFLICTED = "InferenceConflicted"
    NOT_READY = "InferenceNotReady"


WARNINGS = (Event.SLO_FLOOR, Event.FAILED_OVER, Event.CONFLICTED, Event.NOT_READY)
