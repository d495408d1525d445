/** A program of its own, for what only a whole process shows. Its argument names the scene. */
import * as nodeDgram from 'node:dgram'
import * as nodeNet from 'node:net'
import { createDgram, createNet } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'

const [which, scene] = process.argv.slice(2)
const net = which === 'node' ? nodeNet : createNet(new Stack())

const dgram = which === 'node' ? nodeDgram : createDgram(new Stack())

const scenes: Record<string, () => void> = {
  /** Nothing is open: the process ends. */
  idle: () => {},
  /** A listening server keeps the process, until it is closed. */
  server: () => {
    const server = net.createServer().listen(0)
    setTimeout(() => {
      console.log('still here')
      server.close()
    }, 100).unref()
    // Unref'd, so that only the server can have kept us.
  },
  /** A bound UDP socket keeps the process, until it is closed. */
  dgram: () => {
    const socket = dgram.createSocket('udp4')
    socket.bind(0)
    setTimeout(() => {
      console.log('still here')
      socket.close()
    }, 100).unref()
  },
  'unref dgram': () => {
    dgram.createSocket('udp4').unref().bind(0)
    dgram.createSocket('udp4')
    setTimeout(() => console.log('still here'), 5000).unref()
  },
  'unref server': () => {
    net.createServer().listen(0).unref()
    setTimeout(() => console.log('still here'), 5000).unref()
  },
  /** An open socket keeps the process until it ends. */
  socket: () => {
    const server = net.createServer((socket) => {
      server.close()
      socket
        .on('error', () => {})
        .unref()
        .resume()
    })
    server.listen(0, () => {
      const here = net.connect((server.address() as nodeNet.AddressInfo).port, '127.0.0.1')
      here.resume()
      setTimeout(() => {
        console.log('still here')
        // Not `end`: what the stack has to wait for after it is its own matter, not the socket's.
        here.resetAndDestroy()
      }, 100).unref()
    })
  },
  /** Both sides have ended: TIME-WAIT is the network's business and keeps nobody. */
  'ended socket': () => {
    const server = net.createServer((socket) => {
      server.close()
      socket.pipe(socket)
    })
    server.listen(0, () => {
      const here = net.connect((server.address() as nodeNet.AddressInfo).port, '127.0.0.1')
      here.on('close', () => console.log('closed')).resume()
      here.end('x')
    })
  },
  'unref socket': () => {
    const server = net.createServer((socket) => {
      server.close()
      socket.unref().resume()
      setTimeout(() => console.log('still here'), 5000).unref()
    })
    server.listen(0, () => {
      net
        .connect((server.address() as nodeNet.AddressInfo).port, '127.0.0.1')
        .unref()
        .resume()
    })
  },
  /** What a thrown exception in a listener does. */
  throw: () => {
    process.on('uncaughtException', (error) => {
      console.log(`uncaught ${error.message}`)
      process.exit()
    })
    const server = net.createServer(() => {
      throw new Error('from the listener')
    })
    server.listen(0, () => {
      net.connect((server.address() as nodeNet.AddressInfo).port, '127.0.0.1')
    })
  },
  /** Whoever survives an exception in a listener gets the other connections and the rest of the data. */
  'throw and go on': () => {
    const length = 300_000
    let connections = 0
    process.on('uncaughtException', (error) => console.log(`uncaught ${error.message}`))
    const server = net.createServer((socket) => {
      let seen = 0
      socket.on('data', (chunk) => {
        const first = seen === 0
        seen += chunk.length
        if (first) throw new Error('data')
        if (seen === length) console.log('all of it')
        if (seen === length) process.exit()
      })
      if (++connections < 3) throw new Error('connection')
    })
    server.listen(0, () => {
      const { port } = server.address() as nodeNet.AddressInfo
      for (let i = 0; i < 3; i++) {
        const here = net.connect(port, '127.0.0.1')
        if (i === 2) here.write(new Uint8Array(length))
      }
      setTimeout(() => process.exit(), 5000)
    })
  },
  /** What nobody holds any more is collected: sockets with their listeners and callbacks, and servers (run with --expose-gc). */
  garbage: () => {
    const refs: WeakRef<object>[] = []
    const round = (left: number): void => {
      if (left === 0) {
        look(50)
        return
      }
      const server = net.createServer((socket) => {
        refs.push(new WeakRef(socket))
        socket.resume()
      })
      refs.push(new WeakRef(server))
      server.listen(0, () => {
        const big = { held: new Uint8Array(1000) }
        const here = net.connect((server.address() as nodeNet.AddressInfo).port, '127.0.0.1')
        refs.push(new WeakRef(here), new WeakRef(big))
        here.setTimeout(60_000, () => big)
        here.write('x', () => big)
        here.on('close', () => server.close(() => setImmediate(round, left - 1)))
        here.resume().end(() => big)
      })
    }
    const look = (tries: number): void => {
      globalThis.gc?.()
      const alive = refs.filter((ref) => ref.deref() !== undefined).length
      // The last round may still be on somebody's stack or in a pool.
      if (alive <= 4 || tries === 0) console.log(`${refs.length} made, ${alive <= 4 ? 'few' : alive} left`)
      else setTimeout(look, 20, tries - 1)
    }
    round(20)
  },
  /** No handle of the kernel's TCP is opened, whatever is done. */
  handles: () => {
    const names = new Set<string>()
    const look = (): void => {
      for (const name of process.getActiveResourcesInfo()) if (/TCP|GetAddrInfo/.test(name)) names.add(name)
    }
    const server = net.createServer((socket) => socket.pipe(socket))
    server.listen(0, () => {
      const here = net.connect((server.address() as nodeNet.AddressInfo).port, 'localhost')
      here.on('connect', look).on('data', look)
      here.on('close', () => {
        server.close()
        console.log([...names].sort().join(' ') || 'none')
      })
      here.end('x')
      look()
    })
  },
  /** The first line of the stack, without a test runner's hands on it. */
  stack: () => {
    try {
      net.connect({} as nodeNet.NetConnectOpts)
    } catch (error) {
      console.log((error as Error).stack?.split('\n')[0])
      console.log(String(error), Object.keys(error as object))
    }
  },
}

scenes[scene]()
process.on('exit', () => console.log('end'))
