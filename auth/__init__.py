"""Who is asking: department credentials now; residents, sessions and sign-on as they come."""
