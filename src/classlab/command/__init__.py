"""What `make VERB` runs: the words given, the cloud meant, and one playbook for the verb."""
