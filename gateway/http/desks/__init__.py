"""``/desks``: what staff at counters and at the hotline do with cases over HTTP (docs/desks.md), and their page."""
