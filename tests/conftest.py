"""For all tests."""

import signal

# What a shell runs in its background has Ctrl-C ignored, and so would the programs that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
