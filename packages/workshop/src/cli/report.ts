import type { Verdict } from '../judge/verdict.ts'
import type { Style } from './style.ts'

/** What `verify` says in the end, to be printed as it is. */
export function reportText(verdict: Verdict, style: Style): string {
  switch (verdict.kind) {
    case 'passed':
      return kernelLine(verdict, style)
    case 'failed': {
      const { current, what, expected, actual, ladder, hint } = verdict
      const seen = ladder.length > 0 ? ladder : [`  expected: ${expected}`, `  actual:   ${actual}`]
      return lines(style.bad(`  ✘ ${current}`), '', what, '', ...seen, '', style.strong('Hint:'), hint)
    }
    case 'broken': {
      const { current, message, place, ladder } = verdict
      const head = current === null ? [] : [style.bad(`  ✘ ${current}`), '']
      const where = place === null ? [] : [`  at ${style.strong(place)}`]
      return lines(...head, style.bad(message), ...where, ...(ladder.length > 0 ? ['', ...ladder] : []))
    }
    case 'stuck': {
      const where = verdict.place === null ? [] : [`  It was at ${style.strong(verdict.place)}.`]
      return lines(
        style.bad(`Your program did not come back within ${verdict.seconds} s: a loop without an end?`),
        ...where,
        ...(verdict.hint === null ? [] : ['', style.strong('Hint:'), verdict.hint]),
      )
    }
    case 'trouble':
      return lines(style.bad('The workshop itself has failed; that is not your fault:'), verdict.message)
  }
}

/** Whether the kernel has tried it, and why not. */
function kernelLine({ kernel }: Extract<Verdict, { kind: 'passed' }>, style: Style): string {
  if (kernel === null || kernel.tried) return ''
  return lines(style.faint(`  (The kernel itself was not asked: ${kernel.why}. A host in memory was.)`))
}

function lines(...texts: readonly string[]): string {
  return `${texts.join('\n')}\n`
}
