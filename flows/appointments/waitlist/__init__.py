"""Who waits for a time, and what comes back is offered to first."""
