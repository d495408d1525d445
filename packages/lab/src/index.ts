export {
  type Comparison,
  compareRuns,
  compareScenarios,
  type Difference,
  type RunSummary,
  summarizeRun,
} from './model/compare.ts'
export { createSimulation } from './model/create-simulation.ts'
export { type Explanation, explainSegment } from './model/explain/explain.ts'
export type { Sentence } from './model/explain/sentence.ts'
export { type Column, toCsv } from './model/export/csv.ts'
export { type PcapngOptions, toPcapng } from './model/export/pcapng.ts'
export { type ScriptOptions, toScript } from './model/export/script.ts'
export { type CsvTable, seriesCsv } from './model/export/series-csv.ts'
export { decodeFields } from './model/fields/decode.ts'
export type { Field } from './model/fields/field.ts'
export { type LiveOptions, LiveRecorder } from './model/live/live-recorder.ts'
export { LiveRecording, type ReaderOptions, RecordingReader } from './model/live/recording-reader.ts'
export type * from './model/recording.ts'
export type { RunLimits } from './model/run/recorder.ts'
export { decodeScenario, encodeScenario } from './model/scenario/address.ts'
export { ScenarioError } from './model/scenario/checks.ts'
export { defaultScenario } from './model/scenario/default.ts'
export { validateScenario } from './model/scenario/validate.ts'
export type * from './model/scenario.ts'
export * from './model/series/series.ts'
export type * from './model/simulation.ts'
