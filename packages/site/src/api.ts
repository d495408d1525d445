import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Application, type Logger, LogLevel, type TypeDocOptions } from 'typedoc'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const site = fileURLToPath(new URL('..', import.meta.url))

/** A package in the reference: its name, and where what it exports stands. */
const MODULES: Readonly<Record<string, string>> = {
  '@tapwire/stack': 'stack/src/index.ts',
  '@tapwire/tap-driver': 'tap-driver/src/index.ts',
  '@tapwire/net-api': 'net-api/src/index.ts',
  '@tapwire/net-api/fetch': 'net-api/src/fetch.ts',
  '@tapwire/net-api/web': 'net-api/src/web-streams.ts',
  '@tapwire/net-api/workers': 'net-api/src/workers/index.ts',
  '@tapwire/sockets': 'sockets/src/index.ts',
  '@tapwire/packetdrill': 'packetdrill/src/index.ts',
  '@tapwire/fuzz': 'fuzz/src/index.ts',
  '@tapwire/lab': 'lab/src/index.ts',
  '@tapwire/cli': 'cli/src/index.ts',
  'tapwire-workshop': 'workshop/src/index.ts',
}

/** Stands for the way to the root of the site, which TypeDoc does not know. */
const ROOT = 'site-root:'

const OPTIONS: TypeDocOptions = {
  name: 'tapwire: the API',
  tsconfig: `${site}tsconfig.typedoc.json`,
  entryPoints: Object.values(MODULES).map((path) => `${root}packages/${path}`),
  // What the sources cite and the packages do not export is no mistake of the reference.
  skipErrorChecking: true,
  disableSources: true,
  disableGit: true,
  hideGenerator: true,
  excludePrivate: true,
  excludeInternal: true,
  excludeExternals: true,
  readme: 'none',
  githubPages: false,
  includeVersion: false,
  navigationLinks: { 'All pages': `${ROOT}index.html` },
  validation: { notExported: false, invalidLink: false, rewrittenLink: false, notDocumented: false },
  logLevel: LogLevel.Warn,
}

/** Writes the reference of all packages. @returns what TypeDoc has warned of @throws Error when it could not be made */
export async function buildApi(folder: string): Promise<readonly string[]> {
  const app = await Application.bootstrap(OPTIONS)
  const said: string[] = []
  const log = (message: string, level: LogLevel): void => {
    if (level >= LogLevel.Warn) said.push(message)
  }
  app.logger.log = log as Logger['log']
  const project = await app.convert()
  if (project === undefined) throw new Error(`TypeDoc could not read the packages:\n${said.join('\n')}`)
  for (const [name, path] of Object.entries(MODULES)) {
    const module = project.children?.find(
      ({ sources, name: own }) =>
        own === moduleNameOf(path) || sources?.some(({ fullFileName }) => fullFileName.endsWith(path)),
    )
    if (module === undefined) throw new Error(`The reference has no ${name}`)
    module.name = name
  }
  await app.generateDocs(project, folder)
  if (app.logger.hasErrors()) throw new Error(`TypeDoc could not write the reference:\n${said.join('\n')}`)
  leadBack(folder)
  return said
}

/** From each page of the reference to the site that it is in. */
function leadBack(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.html')) continue
    const way = '../'.repeat(name.split(/[/\\]/).length)
    const page = readFileSync(`${folder}/${name}`, 'utf8')
    writeFileSync(`${folder}/${name}`, page.replaceAll(ROOT, way))
  }
}

/** As TypeDoc calls it: the path from where all of them are, without what says nothing. */
function moduleNameOf(path: string): string {
  return path.replace(/\.ts$/, '').replace(/\/index$/, '')
}
