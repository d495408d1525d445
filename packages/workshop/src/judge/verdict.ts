/** What came of judging one file. Plain data: it crosses from the process that ran the learner's code. */
export type Verdict =
  | { readonly kind: 'passed'; readonly cases: readonly string[]; readonly kernel: KernelVerdict }
  | ({ readonly kind: 'failed' } & Unfinished & {
        readonly mistake: string
        readonly what: string
        readonly expected: string
        readonly actual: string
        readonly ladder: readonly string[]
        /** What to say to this mistake. */
        readonly hint: string
      })
  /** The learner's code threw, could not be loaded, or has not what it must export. */
  | ({ readonly kind: 'broken' } & Unfinished & {
        readonly message: string
        /** `file:line:column` of the learner's own code; null where it is not known. */
        readonly place: string | null
        readonly ladder: readonly string[]
      })
  /** It did not come back. */
  | {
      readonly kind: 'stuck'
      readonly seconds: number
      readonly place: string | null
      /** The typical mistake that does not come back, where an exercise has one. */
      readonly mistake: string | null
      readonly hint: string | null
    }
  /** The judge itself failed, which is not the learner's fault. */
  | { readonly kind: 'trouble'; readonly message: string }

/** How far it came. */
interface Unfinished {
  readonly cases: readonly string[]
  /** The case in which it ended; null before the first. */
  readonly current: string | null
}

/** Whether the kernel has tried it, too: what was tried, or why not; null where an exercise does not ask it. */
export type KernelVerdict =
  | { readonly tried: true; readonly name: string }
  | { readonly tried: false; readonly why: string }
  | null
