"""``/parking/…``: devices and operators of car parks, and open data (docs/parking_operators.md).

``routes`` has them all; ``openapi`` describes them; ``asking`` says who asks.
"""
