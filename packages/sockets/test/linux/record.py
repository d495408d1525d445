#!/usr/bin/env python3
"""Runs scenarios of socket calls on the kernel's loopback and tells what each call gave.

Reads a JSON list of scenarios from standard input, each a list of steps [call, socket, ...], and writes the list of their results.
Every socket is non-blocking; after each step the kernel has two milliseconds to settle.
  python3 record.py < scenarios.json > results.json
"""
import array
import errno
import fcntl
import json
import select
import socket
import struct
import sys
import time

SIOCINQ = 0x541B
SIOCOUTQ = 0x5411
ALL = 0x1 | 0x2 | 0x4 | 0x40 | 0x80 | 0x100 | 0x200 | 0x2000
next_port = [20000]


def ioctl(s, request):
    value = array.array("i", [0])
    fcntl.ioctl(s.fileno(), request, value)
    return value[0]


def run(scenario):
    sockets = {}
    ports = {}

    def port(index):
        if index not in ports:
            ports[index] = next_port[0]
            next_port[0] += 1
            if next_port[0] > 32000:
                next_port[0] = 20000
        return ports[index]

    def step(call, name, *args):
        if call in ("tcp", "udp"):
            kind = socket.SOCK_STREAM if call == "tcp" else socket.SOCK_DGRAM
            s = socket.socket(socket.AF_INET, kind)
            s.setblocking(False)
            sockets[name] = s
            return 0
        s = sockets[name]
        if call == "bind":
            return s.bind(("127.0.0.1", port(args[0])))
        if call == "listen":
            return s.listen(args[0])
        if call == "connect":
            return s.connect(("127.0.0.1", port(args[0])))
        if call == "disconnect":
            libc_connect_unspec(s)
            return 0
        if call == "accept":
            sockets[args[0]] = s.accept()[0]
            sockets[args[0]].setblocking(False)
            return 0
        if call == "send":
            return s.send(b"x" * args[0], args[1] | socket.MSG_NOSIGNAL)
        if call == "sendto":
            return s.sendto(b"x" * args[0], socket.MSG_NOSIGNAL, ("127.0.0.1", port(args[1])))
        if call == "recv":
            return len(s.recv(args[0], args[1]))
        if call == "shutdown":
            return s.shutdown(args[0])
        if call == "close":
            s.close()
            del sockets[name]
            return 0
        if call == "poll":
            p = select.poll()
            p.register(s, ALL)
            return dict(p.poll(0)).get(s.fileno(), 0)
        if call == "error":
            return s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if call == "set":
            return s.setsockopt(args[0], args[1], args[2])
        if call == "get":
            return s.getsockopt(args[0], args[1])
        if call == "linger":
            return s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, args[0]))
        if call == "inq":
            return ioctl(s, SIOCINQ)
        if call == "state":
            return s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        if call == "named":
            return 1 if s.getsockname()[1] else 0
        if call == "peer":
            return 1 if s.getpeername()[1] else 0
        raise ValueError(call)

    results = []
    for call, name, *args in scenario:
        if name not in sockets and call not in ("tcp", "udp"):
            results.append("none")
            continue
        try:
            results.append(step(call, name, *args) or 0)
        except OSError as error:
            results.append(errno.errorcode.get(error.errno, str(error.errno)).replace("EWOULDBLOCK", "EAGAIN").replace("ENOTSUP", "EOPNOTSUPP"))
        time.sleep(0.002)
    # What is left is reset, so that no port stays in TIME-WAIT.
    for s in sockets.values():
        try:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        s.close()
    return results


def libc_connect_unspec(s):
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.connect(s.fileno(), bytes(16), 16) != 0:
        raise OSError(ctypes.get_errno(), "connect")


json.dump([run(scenario) for scenario in json.load(sys.stdin)], sys.stdout)
