"""Four departments' own applications, each with its own API document, as they stand behind Yiwang."""
