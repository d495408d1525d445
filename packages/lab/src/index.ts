export { createSimulation } from './model/create-simulation.ts'
export type * from './model/recording.ts'
export type * from './model/scenario.ts'
export type * from './model/simulation.ts'
