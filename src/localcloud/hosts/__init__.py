"""The hosts: one container per instance, booted, plumbed, filtered and watched."""
