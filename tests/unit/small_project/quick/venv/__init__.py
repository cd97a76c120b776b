"""Python's own venv takes seconds to bring pip along; this one, first on the path, brings a pip that can do one thing."""
