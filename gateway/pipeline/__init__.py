"""The life of a GraphQL request, one file a stage: read_request → authenticate → plan → limit → execute → respond.

Whether somebody may use a field is asked where it is executed (``auth.policies``), so that a plan is everybody's.
"""
