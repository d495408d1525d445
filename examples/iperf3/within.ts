import { ProtocolError } from './protocol.ts'

/** @throws ProtocolError with that sentence, when `work` takes longer than so many milliseconds */
export function within<T>(milliseconds: number, sentence: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ProtocolError(sentence)), milliseconds)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
