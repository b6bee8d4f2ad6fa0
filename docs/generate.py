"""Write the generated pages of this folder: ``make docs``."""

from pathlib import Path

from kernel.settings import reference

Path(__file__).with_name("settings.md").write_text(reference())
