"""Programs to try Yiwang with."""
