"""For what somebody's data may be used: the purposes as they are worded, and who has agreed to which wording when.

The Personal Information Protection Law (PIPL), articles 13 to 17, 23 to 30.
"""
