"""What residents are told by their host apps and by SMS: one way for every flow, whose notices are rows of its own."""
