"""What `make up` is about to do, and whether it can: everything that is wrong is told at once, before anything changes.

    class file -> Class -> questions to the cloud -> Plan

Each step collects sentences and goes on; what an earlier step found broken is not asked of the cloud.
"""

from classlab.plan.preflight import IMAGE, LOOK, SEATS, Checked, Request, check, remember

__all__ = ["IMAGE", "LOOK", "SEATS", "Checked", "Request", "check", "remember"]
