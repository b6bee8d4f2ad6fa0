"""The life of a GraphQL request, one file a stage: read_request → authenticate → plan → execute → respond.

Between them stand, as they come, resolve_document (trusted documents) and limit (cost). Whether somebody may use a
field is asked where it is executed (``auth.policies``), so that a plan is everybody's.
"""
