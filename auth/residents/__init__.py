"""What residents do with their own accounts: sign in, join and part ways in, prove who they are, leave.

Host apps and the identity service are asked elsewhere; here is what follows from their answers, in one transaction.
"""
