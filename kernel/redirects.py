"""Which redirects of departments' APIs are followed, and what may go along: the same for residents and for probes.

RFC 9110 section 15.4.
"""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 3

HARMLESS = frozenset({"accept", "accept-language"})
"""What another origin may learn; whatever else a call carries may be a credential."""
