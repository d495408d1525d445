import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

const lab = fileURLToPath(new URL('../../lab', import.meta.url))

/** What is used of Vite, which is the lab's dependency and not the site's. */
interface Vite {
  build(options: {
    readonly root: string
    readonly configFile: string
    readonly logLevel: 'silent'
    readonly build: { readonly outDir: string; readonly emptyOutDir: boolean }
  }): Promise<unknown>
}

/** Builds the lab's page into a folder. @throws what Vite throws */
export async function buildLab(folder: string): Promise<void> {
  const path = createRequire(`${lab}/package.json`).resolve('vite')
  const vite = (await import(pathToFileURL(path).href)) as Vite
  await vite.build({
    root: lab,
    configFile: `${lab}/vite.config.ts`,
    logLevel: 'silent',
    build: { outDir: folder, emptyOutDir: true },
  })
}
