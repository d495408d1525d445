export { TapError } from './errors.ts'
export { createNetns, deleteNetns, Netns, runInNetns } from './netns.ts'
export type { TapOptions } from './options.ts'
export { openTap, openTun, type TapCounters, TapDevice } from './tap-device.ts'
export { openTapQueue, openTapQueues, type TapQueue, TapQueues } from './tap-queues.ts'
export {
  fromTuntap2,
  type Tuntap2Counters,
  type Tuntap2Device,
  Tuntap2Link,
  type Tuntap2Options,
} from './tuntap2.ts'
