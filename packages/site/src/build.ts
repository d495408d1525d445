import { mkdirSync, rmSync } from 'node:fs'
import { checkLinks, type LinkReport } from './links.ts'
import { Pages } from './pages.ts'

/** What is to be built, and where. */
export interface BuildOptions {
  /** Is emptied first. */
  readonly folder: string
  readonly api: boolean
  readonly lab: boolean
  /** Told when a part begins. @returns what is called when it is done, with a few words on what came of it */
  readonly onPart: (name: string) => (result: string) => void
}

/** The site, whole. @throws Error that says what could not be built, or which links lead nowhere */
export async function buildSite({ folder, api, lab, onPart }: BuildOptions): Promise<LinkReport> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const pages = onPart('pages')
  pages(`${new Pages(folder, { api, lab }).write()} pages`)
  if (api) {
    const done = onPart('API reference')
    const { buildApi } = await import('./api.ts')
    const said = await buildApi(`${folder}/api`)
    done(said.length === 0 ? 'all packages' : `all packages, ${said.length} warnings`)
  }
  if (lab) {
    const done = onPart('lab')
    const { buildLab } = await import('./lab.ts')
    await buildLab(`${folder}/lab`)
    done('its page')
  }
  const done = onPart('links')
  const report = checkLinks(folder)
  done(`${report.links} links`)
  const wrong = [...report.dead, ...report.foreign].map(({ page, link, why }) => `  ${page}: ${link}: ${why}`)
  if (wrong.length > 0) throw new Error(`Links that lead nowhere:\n${wrong.slice(0, 40).join('\n')}`)
  return report
}
