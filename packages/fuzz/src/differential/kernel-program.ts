/**
 * The applications of the kernel's side, as one Python program: listens on a port for each behaviour, connects when told to
 * ('connect ADDRESS PORT BEHAVIOUR'), and lets go of everything ('reset'), which it confirms. Arguments: its address, the first port,
 * the bytes to write, the names of the behaviours.
 */
export const KERNEL_PROGRAM = `
import os, resource, select, socket, struct, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
address, first, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
names = sys.argv[4:]
poll = select.epoll()
listeners, connections = {}, {}
LINGER = struct.pack('ii', 1, 0)
def begin(s, name):
    try:
        if name in ('write', 'writeShut'):
            s.send(b'b' * size)
        if name in ('shut', 'writeShut'):
            s.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    if name == 'close':
        poll.unregister(s.fileno())
        del connections[s.fileno()]
        s.close()
        return
    reads = name in ('drain', 'closeAtEnd')
    poll.modify(s.fileno(), select.EPOLLIN if reads else 0)
def forget(s, hard=False):
    fd = s.fileno()
    try:
        poll.unregister(fd)
    except OSError:
        pass
    connections.pop(fd, None)
    if hard:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
    s.close()
for i, name in enumerate(names):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, first + i))
    s.listen(60000)
    s.setblocking(False)
    poll.register(s.fileno(), select.EPOLLIN)
    listeners[s.fileno()] = (s, name)
poll.register(0, select.EPOLLIN)
os.set_blocking(0, False)
print('ready', flush=True)
pending = b''
def command(line):
    words = line.split()
    if words[0] == 'connect':
        s = socket.socket()
        s.setblocking(False)
        poll.register(s.fileno(), select.EPOLLOUT)
        connections[s.fileno()] = [s, words[3], True]
        try:
            s.connect((words[1], int(words[2])))
        except BlockingIOError:
            pass
    elif words[0] == 'reset':
        for s, _, _ in list(connections.values()):
            forget(s, True)
        print('reset', flush=True)
while True:
    for fd, event in poll.poll():
        if fd == 0:
            data = os.read(0, 1 << 20)
            if data == b'':
                sys.exit(0)
            pending += data
            *lines, pending = pending.split(b'\\n')
            for line in lines:
                command(line.decode())
        elif fd in listeners:
            l, name = listeners[fd]
            while True:
                try:
                    s, _ = l.accept()
                except OSError:
                    break
                s.setblocking(False)
                poll.register(s.fileno(), 0)
                connections[s.fileno()] = [s, name, False]
                begin(s, name)
        elif fd in connections:
            s, name, opening = connections[fd]
            if event & select.EPOLLERR:
                forget(s)
            elif event & select.EPOLLHUP:
                # Ended on both sides, and told so for ever: what has not been read stays.
                poll.unregister(fd)
            elif opening:
                connections[fd][2] = False
                begin(s, name)
            elif event & select.EPOLLIN:
                try:
                    data = s.recv(65536)
                except OSError:
                    continue
                if data == b'':
                    if name == 'closeAtEnd':
                        forget(s)
                    else:
                        poll.modify(fd, 0)
`
