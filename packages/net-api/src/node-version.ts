/** The running Node's major version: where Node's own `net` has changed since 20, tapwire does what that version does. */
const major = Number(process.versions.node.split('.')[0])

export const nodeBehaviour = {
  /** NS-21: `maxConnections` 0 means none at all; before, no limit. */
  zeroConnectionsIsALimit: major >= 21,
  /** NS-10: `ipv6Only` is heeded also where no host is given. */
  ipv6OnlyWithoutHost: major >= 22,
  /** NS-05: `listen` asks for all addresses of a name, and prefers one that is not link-local. */
  listenLooksUpAll: major >= 22,
  /** NK-06: a host with a null byte is an error that is thrown. */
  hostWithoutNullBytes: major >= 22,
  /** NF-05: `end` on a socket that nobody connected finishes at once; before, it waits for a connection. */
  endsUnconnected: major >= 22,
  /** NF-17: a write that is under way when its socket is destroyed fails with ECANCELED; before, it just ends. */
  cancelsWrites: major >= 22,
  /** The channel `net.client.socket` is told by `socket.connect`; before, by `net.connect` only. */
  connectIsPublished: major >= 22,
} as const
