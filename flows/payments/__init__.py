"""Money: orders, attempts at host apps, refunds, the ledger, debit mandates, receipts. What for is their callers'."""
