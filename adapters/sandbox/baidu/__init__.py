"""A simulated Baidu: accounts, messages and codes of mini-programs, and the cashier with its notices."""
