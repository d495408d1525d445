export { ScriptError } from './language/source.ts'
export { type RunOptions, runScript, type ScriptResult } from './run-script.ts'
