"""Contract probes: what opens a service is called again and again, and the catalogue says when it does not work."""
