import { cableHarness } from './cable.ts'
import { framesHarness } from './frames.ts'
import { modelHarness } from './model.ts'
import { optionsHarness } from './options.ts'
import type { Harness } from './scenario.ts'

/** Every harness there is. */
export const HARNESSES: readonly Harness[] = [framesHarness, optionsHarness, cableHarness, modelHarness]
