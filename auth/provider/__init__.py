"""The OpenID Provider: signs residents in to every department's site. Authlib's core decides, these files store.

Authlib's provider is synchronous. It runs inside ``AsyncSession.run_sync``, so its hooks may wait for our own asyncio
code by ``wait``: one event loop, one connection, one transaction, no threads (docs/decisions/0043).
"""
