"""The class's project, from a folder or from git, as one archive that seats can check."""
