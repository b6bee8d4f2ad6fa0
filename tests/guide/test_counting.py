"""What was counted and could not be stored is counted together with what came after it."""

from services_catalog.guide.recording import Told


def test_counts_add_up() -> None:
    before, after = Told(), Told()
    before.count([("material", "hukou")], refused=True)
    after.count([("material", "hukou"), ("fee", "all")], refused=False)
    after.count([], refused=False)
    before.add(after)
    assert (before.asked, before.beyond, before.refused) == (3, 2, 1)
    assert before.breaches == {("material", "hukou"): 2, ("fee", "all"): 1}
