"""The whole account, whoever made what is in it: what is there, whose it is, what it costs. Reads only."""

from classlab.audit.account import Audit, audit

__all__ = ["Audit", "audit"]
