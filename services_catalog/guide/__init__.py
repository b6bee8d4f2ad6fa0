"""The guide as a contract: what departments ask of applicants is held to what their published entry says."""
