"""Personal data at rest: sealed fields, blind indexes to find them by, and the keys of both."""
