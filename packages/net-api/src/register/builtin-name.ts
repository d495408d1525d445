/** 'node:net' and 'net' are the same. */
export function builtinName(specifier: string): string {
  return specifier.startsWith('node:') ? specifier.slice(5) : specifier
}
