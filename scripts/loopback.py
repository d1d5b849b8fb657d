"""Ports of 127.0.0.1, for whoever starts a server there."""

import socket
import time


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for(port, child):
    """Until `child` listens. OSError: it ended, or did not in a minute."""
    deadline = time.monotonic() + 60  # under valgrind everything takes its time
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if child.poll() is not None:
                raise OSError(f"{child.args[0]} ended with status {child.returncode}") from None
            time.sleep(0.02)
    raise OSError(f"nothing listens on port {port}")
