// What iperf3 calls things on the control connection: a state is one signed byte.

export const State = {
  TestStart: 1,
  TestRunning: 2,
  TestEnd: 4,
  ParamExchange: 9,
  CreateStreams: 10,
  ServerTerminate: 11,
  ClientTerminate: 12,
  ExchangeResults: 13,
  DisplayResults: 14,
  IperfDone: 16,
  AccessDenied: -1,
  ServerError: -2,
} as const

export type State = (typeof State)[keyof typeof State]

const NAMES = new Map<number, string>(Object.entries(State).map(([name, value]) => [value, name]))

export function stateName(state: number): string {
  return NAMES.get(state) ?? `the unknown state ${state}`
}

export const DEFAULT_PORT = 5201
/** What a `ServerError` carries: iperf3's own number of "unable to receive parameters from client". */
export const CANNOT_TAKE_PARAMETERS = 115

/** The bounds that iperf3 itself has. */
export const MAX_STREAMS = 128
export const MAX_SECONDS = 86_400
export const MAX_OMIT = 600
export const MAX_TCP_BLOCK = 1024 * 1024
export const MAX_UDP_BLOCK = 65_507
export const MIN_UDP_BLOCK = 16
export const TCP_BLOCK = 128 * 1024
export const UDP_BLOCK = 1448
/** Bits per second of UDP when nobody says more. */
export const UDP_RATE = 1024 * 1024

/** The other side broke the protocol, vanished, or refused. Its message is a sentence for the user. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
}

/** The n-th stream's number, from 0: iperf3 counts 1, 3, 4, 5 …, and both sides have to. */
export function streamId(index: number): number {
  return index === 0 ? 1 : index + 2
}
