"""Orders, payments at the host apps, refunds, and the ledger that they balance in."""
