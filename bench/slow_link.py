#!/usr/bin/env python3
"""Two ranks in two network namespaces that are joined by a slow link; Linux, as root.

    bench/slow_link.py [--rate MBIT] [--delay MS] -- PROGRAM [ARGUMENT...]

The link is made by this script, since not every kernel can delay packets: each namespace has a TAP
interface, and frames pass from one to the other at the given rate, arriving the delay (one way)
after they have left. Prints what the program prints.
"""
import argparse
import collections
import fcntl
import os
import select
import struct
import subprocess
import sys
import tempfile
import threading
import time

NAMES = ["chainrule-a", "chainrule-b"]
NETWORK = "10.77.0.0/24"
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
BUFFER = 1 << 20  # bytes that wait before the link, as in a router; what comes then is dropped


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def open_tap(name):
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


def relay(taps, rate, delay, stop):
    queues = [collections.deque(), collections.deque()]  # (arrival, frame) on the way to the other
    free = [0.0, 0.0]  # when the link can take the next frame
    while not stop.is_set():
        now = time.monotonic()
        due = min((q[0][0] for q in queues if q), default=now + 0.1)
        readable, _, _ = select.select(taps, [], [], max(0.0, due - now))
        now = time.monotonic()
        for tap in readable:
            side = taps.index(tap)
            try:
                for _ in range(64):
                    frame = os.read(tap, 65536)
                    if (free[side] - now) * rate > BUFFER:
                        continue
                    free[side] = max(now, free[side]) + len(frame) / rate
                    queues[side].append((free[side] + delay, frame))
            except OSError:
                pass  # nothing more, or the interface is down already
        now = time.monotonic()
        for side, queue in enumerate(queues):
            while queue and queue[0][0] <= now:
                try:
                    os.write(taps[1 - side], queue.popleft()[1])
                except OSError:
                    pass


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rate", type=float, default=100, help="Mbit/s (100)")
    parser.add_argument("--delay", type=float, default=20, help="ms, one way (20)")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    taps, stop, worker = [], threading.Event(), None
    with tempfile.TemporaryDirectory() as folder:
        # What mpirun takes for a remote shell.
        agent = os.path.join(folder, "agent")
        with open(agent, "w") as file:
            file.write(f'#!/bin/sh\nshift\nexec ip netns exec {NAMES[1]} sh -c "$*"\n')
        os.chmod(agent, 0o755)
        try:
            for number, name in enumerate(NAMES):
                ip("netns", "add", name)
                taps.append(open_tap(f"crtap{number}"))
                ip("link", "set", f"crtap{number}", "netns", name)
                for words in (
                    ["link", "set", "lo", "up"],
                    ["addr", "add", f"10.77.0.{number + 1}/24", "dev", f"crtap{number}"],
                    ["link", "set", f"crtap{number}", "up"],
                ):
                    ip("-n", name, *words)
                # As most machines have it: BBR would take pauses between steps for a slow link.
                setting = "/proc/sys/net/ipv4/tcp_congestion_control"
                write = f"grep -q cubic {setting.replace('congestion', 'available_congestion')}"
                write += f" && echo cubic >{setting} || echo reno >{setting}"
                subprocess.run(["ip", "netns", "exec", name, "sh", "-c", write], check=True)
            worker = threading.Thread(
                target=relay, args=(taps, options.rate * 1e6 / 8, options.delay / 1e3, stop)
            )
            worker.start()
            settings = {
                "plm_rsh_agent": agent,
                "btl": "tcp,self",
                "btl_tcp_if_include": NETWORK,
                "oob_tcp_if_include": NETWORK,
                "hwloc_base_binding_policy": "none",
            }
            mca = [w for key, value in settings.items() for w in ("--mca", key, value)]
            mpirun = ["mpirun", "--allow-run-as-root", "--host", "10.77.0.1,10.77.0.2", "-n", "2"]
            done = subprocess.run(
                ["ip", "netns", "exec", NAMES[0], *mpirun, *mca, *options.command], check=False
            )
            return done.returncode
        finally:
            stop.set()
            if worker is not None:
                worker.join()
            for name in NAMES:
                subprocess.run(["ip", "netns", "del", name], check=False)
            for tap in taps:
                os.close(tap)


if __name__ == "__main__":
    sys.exit(main())
