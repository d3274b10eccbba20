"""How hypothesis searches: anew on a desk, the same examples each time in CI."""

import os

from hypothesis import settings

settings.register_profile("alize", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("alize")
