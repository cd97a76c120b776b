"""The Ubuntu that hosts boot from: a base made once, and a thin layer with this machine's own settings."""

from localcloud.image.definition import RELEASES
from localcloud.image.images import BuiltImage, enough_disk, ensure, existing, ready, remove_all, remove_stale

__all__ = ["RELEASES", "BuiltImage", "enough_disk", "ensure", "existing", "ready", "remove_all", "remove_stale"]
