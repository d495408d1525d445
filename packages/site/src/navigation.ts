/** A page of the site that a Markdown file of the repository becomes. */
export interface Entry {
  /** From the root of the repository. */
  readonly source: string
  /** In the navigation. */
  readonly title: string
}

export interface Section {
  readonly title: string
  readonly entries: readonly Entry[]
}

/** All pages, as the navigation has them. The first one is the front page. */
export const SECTIONS: readonly Section[] = [
  {
    title: 'Begin',
    entries: [
      { source: 'README.md', title: 'What tapwire is' },
      { source: 'docs/start.md', title: 'Start in five minutes' },
      { source: 'docs/recipes.md', title: 'Recipes' },
    ],
  },
  {
    title: 'Learn',
    entries: [
      { source: 'docs/teaching.md', title: 'Teaching guide' },
      { source: 'docs/workshop.md', title: 'The workshop' },
      { source: 'packages/lab/README.md', title: 'The lab’s package' },
      { source: 'docs/how-it-works.md', title: 'How it works' },
      { source: 'docs/architecture.md', title: 'Architecture' },
    ],
  },
  {
    title: 'Use',
    entries: [
      { source: 'docs/cli.md', title: 'The command line' },
      { source: 'packages/cli/README.md', title: 'The command’s package' },
      { source: 'packages/net-api/README.md', title: 'Node’s modules' },
      { source: 'packages/tap-driver/README.md', title: 'TAP and TUN' },
      { source: 'packages/sockets/README.md', title: 'BSD sockets' },
      { source: 'docs/introspection.md', title: 'What can be seen' },
      { source: 'docs/net-compatibility.md', title: 'What of node:net is there' },
      { source: 'docs/performance.md', title: 'Performance' },
      { source: 'bench/README.md', title: 'Benchmarks' },
      { source: 'bench/netem/RESULTS.md', title: 'Goodput over bad networks' },
    ],
  },
  {
    title: 'Test and attack',
    entries: [
      { source: 'docs/packetdrill.md', title: 'Scripts on the wire' },
      { source: 'packages/packetdrill/README.md', title: 'The runner of scripts' },
      { source: 'docs/fuzzing.md', title: 'Fuzzing' },
      { source: 'docs/robustness.md', title: 'Robustness' },
    ],
  },
  {
    title: 'Look up',
    entries: [
      { source: 'docs/rfc-map.md', title: 'Rules of the RFCs' },
      { source: 'docs/rules/README.md', title: 'Lists of rules' },
      { source: 'docs/deviations.md', title: 'Deviations' },
      { source: 'docs/dependencies.md', title: 'Dependencies' },
    ],
  },
]

/** Where the page of a Markdown file stands in the site, with forward slashes. */
export function pageOf(source: string): string {
  if (source === SECTIONS[0].entries[0].source) return 'index.html'
  return source
    .replace(/^docs\//, '')
    .replace(/\/README\.md$/, '.html')
    .replace(/\.md$/, '.html')
}
