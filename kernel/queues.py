"""Which queue a task travels through: one queue a feature, so that none waits behind another's backlog."""

# The first part of a task's name → its queue. A feature with tasks adds its line.
ROUTES = {
    "audit": "system",
    "outbox": "system",
    "auth": "sign_on",
    "catalogue": "catalogue",
    "codes": "codes",
    "usage": "system",
    "payments": "payments",
    "parking": "parking",
    "appointments": "appointments",
    "pickups": "appointments",
}


def queue_of(task: str) -> str:
    """The queue of ``feature.verb``; ``LookupError`` when the feature has no line in ``ROUTES``."""
    feature = task.partition(".")[0]
    if feature not in ROUTES:
        raise LookupError(f"task {task!r} has no queue: add {feature!r} to kernel/queues.py")
    return ROUTES[feature]
