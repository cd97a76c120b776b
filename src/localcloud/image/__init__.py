"""The Ubuntu that hosts boot from: a base made once, and a thin layer with this machine's own settings."""

from localcloud.image.definition import RELEASES
from localcloud.image.images import BuiltImage, ensure, existing, remove_all, remove_stale

__all__ = ["RELEASES", "BuiltImage", "ensure", "existing", "remove_all", "remove_stale"]
