"""localcloud: an EC2 on one's own machine, whose instances are real Ubuntu hosts."""

from localcloud.errors import LocalCloudError
from localcloud.testing import LocalCloud

__all__ = ["LocalCloud", "LocalCloudError"]
