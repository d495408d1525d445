// A vitest reporter that counts, and remembers why tests did not run. A test says its reason with
// `context.skip(reason)`, by a suite whose name ends in `[skipped: reason]`, or by a line of its file's output that
// reads `… skipped: reason`.
import { writeFileSync } from 'node:fs'

const KERNEL_TEST = /\.kernel\.test\.ts$/
const REASON_IN_NAME = /\[skipped: (.+?)\]/
const REASON_IN_OUTPUT = /\bskipped: (.+)/

/** The first sentence says enough for a summary. */
function firstSentence(text) {
  return text.split(/\. |\.?$/)[0]
}

function emptyCount() {
  return { passed: 0, failed: 0, skipped: 0, reasons: {} }
}

function count(into, test, saidByFile) {
  const { state, note } = test.result()
  if (state === 'passed') into.passed++
  else if (state === 'failed') into.failed++
  else {
    into.skipped++
    const reason = note ?? REASON_IN_NAME.exec(test.fullName)?.[1] ?? saidByFile ?? 'no reason given'
    into.reasons[reason] = (into.reasons[reason] ?? 0) + 1
  }
}

export default class SummaryReporter {
  #vitest
  /** The last reason that each file printed. */
  #saidByFile = new Map()

  onInit(vitest) {
    this.#vitest = vitest
  }

  onUserConsoleLog({ content, taskId }) {
    const file = taskId && this.#vitest.state.idMap.get(taskId)?.file?.filepath
    const reason = REASON_IN_OUTPUT.exec(content)?.[1]
    if (file && reason) this.#saidByFile.set(file, firstSentence(reason))
  }

  onTestRunEnd(modules, unhandledErrors) {
    const all = emptyCount()
    const kernel = emptyCount()
    for (const module of modules) {
      const counts = KERNEL_TEST.test(module.moduleId) ? [all, kernel] : [all]
      const said = this.#saidByFile.get(module.moduleId)
      // A file that cannot be imported, or a hook that throws, is a failure although no test of it failed.
      const broken = module.errors().length + [...module.children.allSuites()].filter(hasErrors).length
      for (const into of counts) {
        for (const test of module.children.allTests()) count(into, test, said)
        into.failed += broken
      }
    }
    all.failed += unhandledErrors.length
    const outputFile = process.env.TAPWIRE_TEST_SUMMARY
    if (outputFile) writeFileSync(outputFile, JSON.stringify({ all, kernel }))
  }
}

function hasErrors(suite) {
  return suite.errors().length > 0
}
