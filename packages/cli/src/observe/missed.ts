/** How many lines were left out because the one who asked read too slowly. */
export function isMissed(line: unknown): line is { readonly missed: number } {
  return typeof line === 'object' && line !== null && 'missed' in line
}
