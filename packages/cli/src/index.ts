export { runTapwire } from './main.ts'
export type { Terminal } from './terminal.ts'
