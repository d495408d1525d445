import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (name: string, entry = 'index'): string =>
  fileURLToPath(new URL(`packages/${name}/src/${entry}.ts`, import.meta.url))

const tests = (folder: string): string => `${folder}/**/*.test.ts`

/** They measure: time, or what the collector finds. */
const MEASURING = ['whole/no-allocation', 'whole/speed', 'wire/no-allocation', 'core/clocks'].map(
  (name) => `packages/stack/test/${name}.test.ts`,
)

export default defineConfig({
  resolve: {
    alias: {
      '@tapwire/stack': source('stack'),
      '@tapwire/tap-driver': source('tap-driver'),
      '@tapwire/sockets': source('sockets'),
      '@tapwire/fuzz': source('fuzz'),
      '@tapwire/cli': source('cli'),
      'tapwire-workshop': source('workshop'),
      // Longer names first: each is taken for the beginning of what is imported.
      '@tapwire/packetdrill/cli': source('packetdrill', 'cli/main'),
      '@tapwire/packetdrill': source('packetdrill'),
      '@tapwire/lab/live': source('lab', 'live/index'),
      '@tapwire/lab': source('lab'),
      '@tapwire/net-api/workers': source('net-api', 'workers/index'),
      '@tapwire/net-api/web': source('net-api', 'web-streams'),
      '@tapwire/net-api/fetch': source('net-api', 'fetch'),
      '@tapwire/net-api': source('net-api'),
    },
  },
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      {
        // Virtual time does not mind who else runs: a file for each processor.
        extends: true,
        test: {
          name: 'virtual',
          include: [tests('packages/stack/test')],
          exclude: MEASURING,
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Vitest's own choice, one processor less, is left to the kernel, browsers and children.
        extends: true,
        test: {
          name: 'real',
          include: [tests('packages/!(stack)/test'), tests('test'), ...MEASURING],
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
