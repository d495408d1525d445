import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (name: string, entry = 'index'): string =>
  fileURLToPath(new URL(`packages/${name}/src/${entry}.ts`, import.meta.url))

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
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
