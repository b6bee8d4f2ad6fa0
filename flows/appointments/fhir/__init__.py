"""Appointments as hospitals' systems read them: HL7 FHIR R4 (4.0.1), read alone (docs/fhir.md).

``wire`` has the resources' shapes; ``schedules``, ``slots`` and ``visits`` read them.
"""
