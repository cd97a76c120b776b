"""IAM: the policies of AWS itself, entities, and the simulation of permissions."""
