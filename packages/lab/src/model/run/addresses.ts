import type { HostName, Scenario } from '../scenario.ts'

/** Where one host is in the simulated world. */
export interface Place {
  readonly address: string
  readonly prefix: number
  readonly mac: Uint8Array
  /** The way to everywhere else: the router, or a station that is not there. */
  readonly gateway: string
  readonly gatewayMac: Uint8Array
}

export type Places = Readonly<Record<HostName, Place>>

const mac = (last: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 0, last)

const v6 = (network: number, host: string): string =>
  network === 0 ? `fd00::${host}` : `fd00:0:0:${network}::${host}`

/** On a cable both are in one network; with a router each in its own. */
export function placesOf({ ip, router }: Pick<Scenario, 'ip' | 'router'>): Places {
  const place = (network: number, host: number): Place => ({
    address: ip === 4 ? `10.0.${network}.${host}` : v6(network, `${host}`),
    prefix: ip === 4 ? 24 : 64,
    mac: mac(9 + host),
    gateway: ip === 4 ? `10.0.${network}.254` : v6(network, 'fe'),
    gatewayMac: mac(0xf0 + network),
  })
  return router ? { A: place(1, 1), B: place(2, 2) } : { A: place(0, 1), B: place(0, 2) }
}

/** The port at which B (or whoever is connected to) listens. */
export const serverPort = (flow: number): number => 80 + flow

export const other = (host: HostName): HostName => (host === 'A' ? 'B' : 'A')
