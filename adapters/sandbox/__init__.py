"""``yiwang sandbox``: simulators of the host apps as real HTTP servers, and simulated phones to use them with."""
