"""The SQL by which a place becomes past and another one follows it."""

SPLIT = """
    followed AS (
        INSERT INTO organisation_place (organisation, since, until, path, guidance_path)
        SELECT organisation, :day, until, path, guidance_path FROM moved WHERE since < :day
    ), ended AS (
        UPDATE organisation_place p SET until = :day FROM moved m
        WHERE p.organisation = m.organisation AND p.since = m.since AND m.since < :day
    ), corrected AS (
        UPDATE organisation_place p SET path = m.path, guidance_path = m.guidance_path FROM moved m
        WHERE p.organisation = m.organisation AND p.since = m.since AND m.since >= :day
    )
"""
"""Expressions of a WITH that has ``moved``: rows of ``organisation_place`` that last beyond ``:day``, with new paths.

What stood before that day stays as past and the new place follows; what began on that day or later is corrected.
"""
