"""Sites' own logs of a day against our events, sessions and ledger: the third side, beside hosts' bills. To the fen."""
