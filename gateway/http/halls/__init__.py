"""``/halls``: what staff and screens of an office's hall see and do, over HTTP and live. docs/halls.md describes it."""
