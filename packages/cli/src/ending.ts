/** What must be gone when the process is, however it ends: named namespaces, sockets in the file system. Last made, first gone. */
const undone = new Set<() => void>()

process.once('exit', () => {
  for (const undo of [...undone].reverse()) undo()
})

/**
 * Remembers something to undo; synchronous, for nothing else happens any more when a process ends.
 * @returns undoes it now, once
 */
export function undoAtEnd(undo: () => void): () => void {
  const once = (): void => {
    if (undone.delete(once)) undo()
  }
  undone.add(once)
  return once
}
