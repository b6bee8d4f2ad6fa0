"""Personal data and secrets at rest: two suites of algorithms, sealed fields, blind indexes and their keys."""
