import type { Stack } from '../../src/index.ts'

/**
 * What must hold of a stack whenever it is left alone: between two bursts, whatever came before. Beside `debugInvariants`: no work
 * is left over, for in these tests applications act within bursts.
 * @throws Error that names what does not hold
 */
export function debugInvariants(stack: Stack): void {
  const { context } = stack.tcp
  if (context.notify.size > 0) throw new Error('Somebody was not told')
  if (context.output.size > 0) throw new Error('Something that is owed was not sent')
  stack.debugInvariants()
}
