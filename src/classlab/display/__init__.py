"""What a teacher reads while a playbook runs, and at its end."""
