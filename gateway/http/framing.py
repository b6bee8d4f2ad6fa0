"""Who may frame residents' pages: the origins that the file of host apps names (``framed_by``), else nobody."""

from collections.abc import Mapping, Sequence


def framing(policy: str, framed_by: Sequence[str]) -> Mapping[str, str]:
    """Return the headers of a page with a Content-Security-Policy that says nothing of frames yet."""
    ancestors = " ".join(framed_by) or "'none'"
    refused = {} if framed_by else {"x-frame-options": "DENY"}  # for browsers that know no frame-ancestors
    return {"content-security-policy": f"{policy}; frame-ancestors {ancestors}", **refused}
