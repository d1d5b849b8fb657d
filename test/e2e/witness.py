"""Writes down what the daemon says is durable: an independent witness of acknowledged events.

usage: witness.py SOCKET FILE [--until-caught-up]

Follows the log over the daemon's follow socket from its first event, for ever, across every death
of the daemon, and appends each commit to FILE: u32 little-endian size, then the commit as it came.
It shares no code with what it watches. What it finds wrong it says on standard output: a commit
that is not the one it saw before, that does not continue the one before, a log that has become
shorter than it was told.
"""

import os
import socket
import struct
import sys
import time

WELCOME, COMMIT, CAUGHT_UP, COMPACTED, ERROR = 16, 17, 18, 19, 21
REQUEST = 1
LONGEST_FRAME = (16 << 20) + 1024
PATIENCE = 30  # seconds without a frame: the connection is looked at again


def read_commits(path):
    """The commits of a witness's file: {sequence of the first event: bytes}."""
    found = {}
    with open(path, "rb") as file:
        while size := file.read(4):
            commit = file.read(struct.unpack("<I", size)[0])
            found[first_seq(commit)] = commit
    return found


def first_seq(commit):
    """Cap'n Proto: the first word of the root struct's data, in the first segment."""
    segments = struct.unpack_from("<I", commit, 16)[0] + 1
    begin = 16 + (4 + 4 * segments + 7) // 8 * 8
    root = struct.unpack_from("<i", commit, begin)[0] >> 2
    return struct.unpack_from("<Q", commit, begin + 8 + 8 * root)[0]


class Witness:
    def __init__(self, path, until_caught_up):
        self.path, self.until_caught_up = path, until_caught_up
        self.last = None  # the newest commit
        self.is_done = False

    def complain(self, text):
        print(text, flush=True)

    def follow(self, connection, file):
        """Until the connection ends. Asks for the newest commit again: it must come back the same."""
        asked = first_seq(self.last) if self.last else 1
        connection.sendall(struct.pack("<IBQB", 10, REQUEST, asked, 0))
        stream = connection.makefile("rb")
        while not self.is_done:
            head = stream.read(5)
            if len(head) < 5:
                return
            size, kind = struct.unpack("<IB", head)
            if not 1 <= size <= LONGEST_FRAME:
                return self.complain(f"a frame of {size} bytes")
            payload = stream.read(size - 1)
            if len(payload) < size - 1:
                return  # cut off by the daemon's death
            self.take(kind, payload, file)

    def take(self, kind, payload, file):
        if kind == WELCOME:
            durable = struct.unpack_from("<Q", payload, 8)[0]
            if self.last and durable < first_seq(self.last):
                self.complain(f"the log ends at {durable}, but {first_seq(self.last)} was durable")
        elif kind == COMMIT:
            self.take_commit(payload, file)
        elif kind == CAUGHT_UP:
            self.is_done = self.until_caught_up
        elif kind in (COMPACTED, ERROR):
            self.complain(f"frame {kind}: {payload!r}")

    def take_commit(self, commit, file):
        chain_before = struct.unpack_from("<I", commit, 4)[0]
        if self.last and first_seq(commit) == first_seq(self.last):
            if commit != self.last:
                self.complain(f"the commit at {first_seq(commit)} is not the one of before")
            return
        chain = struct.unpack_from("<I", self.last, 8)[0] if self.last else 0
        if chain_before != chain:
            self.complain(f"the commit at {first_seq(commit)} does not continue the one before")
        file.write(struct.pack("<I", len(commit)) + commit)
        file.flush()
        self.last = commit


def main():
    socket_path, path = sys.argv[1:3]
    witness = Witness(path, "--until-caught-up" in sys.argv[3:])
    parent = os.getppid()
    with open(path, "wb") as file:
        while not witness.is_done and os.getppid() == parent:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(PATIENCE)
                try:
                    connection.connect(socket_path)
                    witness.follow(connection, file)
                except OSError:  # no daemon at the moment
                    pass
            time.sleep(0.01)


if __name__ == "__main__":
    main()
