"""The reference box of one parking site: it decides what the barriers do, with or without a network, and syncs.

Its own process (``yiwang gate``) with a store in one file. Nothing of the platform's database, Redis or gateway is in
here: what it knows came over HTTP, as a vendor's box would get it. docs/gate.md is for those vendors.
"""
