"""The module of this name, in Ansible's own process."""

from classlab.inplace import ActionModule

__all__ = ["ActionModule"]
