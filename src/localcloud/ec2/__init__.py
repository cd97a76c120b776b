"""EC2's manners, and mends for what moto leaves out: one module per thing of the API."""

import importlib
import pkgutil


def install() -> None:
    """Apply every mend to moto; harmless when called again."""
    for module in pkgutil.iter_modules(__path__, __name__ + "."):
        importlib.import_module(module.name)
