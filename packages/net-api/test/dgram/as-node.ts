import type { Socket } from 'node:dgram'
import { expect, test } from 'vitest'
import { Story } from '../support/dgram-scenes.ts'
import { type DgramWorld, node, tapwireWorlds } from '../support/dgram-worlds.ts'

/** What happens, told line by line. */
export type Scene = (story: Story, world: DgramWorld) => Promise<void> | void

async function run(world: DgramWorld, scene: Scene): Promise<string[]> {
  const story = new Story(world)
  try {
    await scene(story, world)
    await story.quiet()
  } finally {
    await story.end()
  }
  return story.lines
}

/** The same story in every world, as Node tells it. */
export function asNode(title: string, scene: Scene, least = 1): void {
  test.each(tapwireWorlds)(`$name: ${title}`, async (world) => {
    const expected = await run(node, scene)
    expect(expected.length, 'lines of Node').toBeGreaterThanOrEqual(least)
    expect(await run(world, scene)).toEqual(expected)
  })
}

export type Args = readonly unknown[]

/** Calls a method by its name, with whatever arguments. */
export const apply = (socket: Socket, method: string, args: Args): unknown =>
  (socket as unknown as Record<string, (...args: unknown[]) => unknown>)[method](...args)
