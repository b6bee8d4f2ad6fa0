"""Where somebody is, as they say."""

import strawberry


@strawberry.input(name="Position", description="Degrees of WGS 84: where the phone is, or where one goes.")
class PositionGiven:
    """A position."""

    latitude: float
    longitude: float
