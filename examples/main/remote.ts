import type { ChildProcess } from 'node:child_process'
import type { ClientTasks, EchoReport, PageReport, PingReport, Progress, TransferReport } from './tasks.ts'

/** What crosses between the main process and the client's: a task to do, how far it is, and how it ended. */
export interface TaskRequest {
  readonly id: number
  readonly task: keyof ClientTasks
  readonly args: readonly (string | number)[]
}

export type TaskMessage =
  | { readonly ready: true }
  | { readonly id: number; readonly progress: number }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }

interface Pending {
  readonly onProgress: Progress
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** The tasks, done by another process. */
export class RemoteClient implements ClientTasks {
  readonly #child: ChildProcess
  readonly #pending = new Map<number, Pending>()
  #nextId = 1
  #gone: Error | null = null
  /** Settles when the process has said that it is there, or ended before it did. */
  readonly ready: Promise<void>

  constructor(child: ChildProcess) {
    this.#child = child
    this.ready = new Promise((resolve, reject) => {
      child.on('message', (message: TaskMessage) => {
        if ('ready' in message) resolve()
        else this.#receive(message)
      })
      child.on('exit', (status, signal) => {
        this.#lost(new Error(`the client's process ended (${signal ?? status})`))
        reject(this.#gone)
      })
      child.on('error', (error) => {
        this.#lost(error)
        reject(error)
      })
    })
  }

  ping(address: string): Promise<PingReport> {
    return this.#ask('ping', [address])
  }
  fetchPage(address: string): Promise<PageReport> {
    return this.#ask('fetchPage', [address])
  }
  upload(address: string, bytes: number, onProgress: Progress): Promise<TransferReport> {
    return this.#ask('upload', [address, bytes], onProgress)
  }
  download(address: string, bytes: number, onProgress: Progress): Promise<TransferReport> {
    return this.#ask('download', [address, bytes], onProgress)
  }
  echo(address: string, connections: number): Promise<EchoReport> {
    return this.#ask('echo', [address, connections])
  }

  #ask<Report>(
    task: keyof ClientTasks,
    args: TaskRequest['args'],
    onProgress: Progress = () => {},
  ): Promise<Report> {
    if (this.#gone !== null) return Promise.reject(this.#gone)
    const id = this.#nextId++
    const request: TaskRequest = { id, task, args }
    return new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { onProgress, resolve, reject })
      this.#child.send(request)
    }) as Promise<Report>
  }

  #receive(message: Exclude<TaskMessage, { ready: true }>): void {
    const pending = this.#pending.get(message.id)
    if (pending === undefined) return
    if ('progress' in message) {
      pending.onProgress(message.progress)
      return
    }
    this.#pending.delete(message.id)
    if ('error' in message) pending.reject(new Error(message.error))
    else pending.resolve(message.result)
  }

  #lost(error: Error): void {
    this.#gone ??= error
    for (const pending of this.#pending.values()) pending.reject(error)
    this.#pending.clear()
  }
}
