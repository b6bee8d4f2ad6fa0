"""Acting for somebody else: a guardian for a child, whoever a person chooses, an employee for a company.

Nobody shares a login. A mandate is narrow (named services or operations), ends by itself, and is seen and can be ended
by both sides.
"""
