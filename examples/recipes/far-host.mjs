// Threads do not inherit TypeScript from `npx tsx`. A program that is compiled starts far-host.js itself.
import { register } from 'tsx/esm/api'

register()
await import('./far-host.ts')
