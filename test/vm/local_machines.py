"""Machines of a fake cloud as processes here: the user data's own launcher, run below a folder.

What cloud-init would write to /opt/skyctl goes to FOLDER/ID/opt/skyctl; the launcher is told so by
the variables that it has for that. Each machine has an address of its own in 127.0.0.0/8, which the
service finds in MACHINE_ADDRESS. Nothing but /opt/skyctl is written and no unit is started.
"""
import base64
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1
FILE = re.compile(r"- path: (\S+)\n  permissions: '(\d+)'\n  encoding: b64\n  content: (\S*)\n")


def files_of(user_data):
    """(path, mode, content) of each file that a cloud-config of ours writes."""
    if not user_data.startswith("#cloud-config\n"):
        raise ValueError("the user data is no cloud-config")
    return [(path, int(mode, 8), base64.b64decode(content))
            for path, mode, content in FILE.findall(user_data)]


def end_with_parent():
    """SIGTERM when whoever started us dies, and an orderly end on it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def address_of(number):
    return f"127.0.{10 + number // 200}.{1 + number % 200}"


class LocalMachine:
    def __init__(self, folder, user_data, address, metadata_url):
        self.folder = folder
        root = os.path.join(folder, "opt/skyctl")
        for path, mode, content in files_of(user_data):
            if not path.startswith("/opt/skyctl/"):
                continue
            target = os.path.join(folder, path.lstrip("/"))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
                file.write(content)
        off = os.path.join(folder, "off")
        environment = {
            "PATH": os.environ["PATH"], "HOME": folder, "MACHINE_ADDRESS": address,
            "SKYCTL_ROOT": root, "SKYCTL_METADATA": metadata_url, "SKYCTL_BEAT": "1",
            "SKYCTL_LOOK": "0.2", "SKYCTL_POWEROFF": f"touch {off}",
        }
        self.off_file = off
        with open(os.path.join(folder, "console"), "wb") as console:
            self.process = subprocess.Popen(["/bin/sh", os.path.join(root, "launch.sh")],
                                            env=environment, stdin=subprocess.DEVNULL,
                                            stdout=console, stderr=console, cwd=folder,
                                            start_new_session=True)

    def has_ended_itself(self):
        return os.path.exists(self.off_file)

    def end(self):
        """Everything the launcher started is in its session, which is its process group."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class LocalMachines:
    def __init__(self, folder):
        self.folder = folder  # None: machines are entries in a table only
        self.running = {}
        self.count = 0

    def next_address(self):
        self.count += 1
        return address_of(self.count)

    def start(self, machine_id, user_data, address, metadata_url):
        if self.folder is None or not user_data:
            return
        folder = os.path.join(self.folder, machine_id)
        os.makedirs(folder)
        self.running[machine_id] = LocalMachine(folder, user_data, address, metadata_url)

    def end(self, machine_id):
        machine = self.running.pop(machine_id, None)
        if machine:
            machine.end()

    def ended_themselves(self):
        return [name for name, machine in self.running.items() if machine.has_ended_itself()]

    def end_all(self):
        for name in list(self.running):
            self.end(name)
