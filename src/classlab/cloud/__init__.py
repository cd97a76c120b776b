"""The lab in the cloud: its seats launched, tagged, extended; what kinds of things a lab has, and where."""
