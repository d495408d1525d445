// `node --import <this> program`: when the program says so, and when it ends, what it has of the kernel's TCP is printed.
import { watchKernelTcp } from './kernel-tcp.mjs'

const watch = watchKernelTcp()
const report = (when) => console.log(`${when} ${JSON.stringify(watch.count())}`)
process.on('tapwire-count', () => report('at work'))
process.on('exit', () => report('at the end'))
