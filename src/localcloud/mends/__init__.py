"""What is changed in moto: EC2's manners, and mends for what it leaves out. One module per thing of the API."""

import importlib
import pkgutil


def install() -> None:
    """Apply every mend to moto; harmless when called again."""
    for module in pkgutil.walk_packages(__path__, __name__ + "."):
        importlib.import_module(module.name)
