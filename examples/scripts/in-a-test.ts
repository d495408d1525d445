import { readFileSync } from 'node:fs'
import { runScript } from '@tapwire/packetdrill'

const result = runScript(readFileSync('examples/scripts/first.pkt', 'utf8'), {
  file: 'first.pkt', // for messages
  options: { ip_version: 'ipv6', exact: true }, // as on the command line
  tcp: { congestion: 'newreno' }, // settings of the stack
  print: (line) => console.log(line), // what %{ print() }% says
})
if (!result.passed) throw result.error // a ScriptError: file, line, reason, details
console.log('as it should be') // prints: as it should be
