"""The outbox message of pick-ups."""

NOTICE = "pickups.notice"
