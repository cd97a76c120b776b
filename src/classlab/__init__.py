"""The Python behind classlab's playbooks: what is too much logic for YAML, typed and tested."""
