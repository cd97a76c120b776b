"""The stand-in for the deadsnakes PPA: a signed apt repository with Python 3.11, for where the PPA cannot be reached.

It is made from packages that this machine's own apt sources offer and says of itself that it is a stand-in.
"""

from localcloud.standin.ppa import ADDRESS as PPA_ADDRESS
from localcloud.standin.ppa import ppa_reachable
from localcloud.standin.repository import StandIn, ensure, load
from localcloud.standin.serve import application
from localcloud.standin.tools import StandInError

__all__ = ["PPA_ADDRESS", "StandIn", "StandInError", "application", "ensure", "load", "ppa_reachable"]
