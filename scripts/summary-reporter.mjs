// A vitest reporter that counts, and remembers why a test did not run. A test says its reason with
// `context.skip(reason)`, or its suite with a name that ends in `[skipped: reason]`.
import { writeFileSync } from 'node:fs'

const KERNEL_TEST = /\.kernel\.test\.ts$/
const REASON_IN_NAME = /\[skipped: (.+?)\]/

function reasonOf(test) {
  return test.result().note ?? REASON_IN_NAME.exec(test.fullName)?.[1] ?? 'no reason given'
}

function emptyCount() {
  return { passed: 0, failed: 0, skipped: 0, reasons: {} }
}

function count(into, test) {
  const { state } = test.result()
  if (state === 'passed') into.passed++
  else if (state === 'failed') into.failed++
  else {
    into.skipped++
    const reason = reasonOf(test)
    into.reasons[reason] = (into.reasons[reason] ?? 0) + 1
  }
}

export default class SummaryReporter {
  constructor(options = {}) {
    this.outputFile = options.outputFile ?? process.env.TAPWIRE_TEST_SUMMARY
  }

  onTestRunEnd(modules, unhandledErrors) {
    const all = emptyCount()
    const kernel = emptyCount()
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        count(all, test)
        if (KERNEL_TEST.test(module.moduleId)) count(kernel, test)
      }
      // A file that cannot be imported, or a hook that throws, is a failure although no test of it failed.
      const broken = module.errors().length + [...module.children.allSuites()].filter(hasErrors).length
      all.failed += broken
      if (KERNEL_TEST.test(module.moduleId)) kernel.failed += broken
    }
    all.failed += unhandledErrors.length
    if (this.outputFile) writeFileSync(this.outputFile, JSON.stringify({ all, kernel }))
  }
}

function hasErrors(suite) {
  return suite.errors().length > 0
}
