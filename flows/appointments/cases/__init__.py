"""One case across doors: what staff at counters and at the hotline do, and the history that all doors share."""
