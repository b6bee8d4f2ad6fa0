"""What pass codes are for. Each purpose has keys of its own: a code opens nothing that it was not issued for."""

from supergraph.slice import Level

PURPOSES: dict[str, Level] = {
    "parking": "L1",
    "check_in": "L1",  # to appointments and at service windows
    "identity": "L3",  # who somebody is, to a counter that must know it
}
"""By name: how surely a resident must be known to be given a code."""
