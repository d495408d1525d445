import { main } from '@tapwire/packetdrill/cli'
import type { Terminal } from '../terminal.ts'

/** `tapwire packetdrill`: all that follows is its own. */
export function packetdrill(terminal: Terminal, args: readonly string[]): Promise<number> {
  return main(args, {
    out: (text) => terminal.stdout.write(text),
    error: (text) => terminal.stderr.write(text),
  })
}
