/** What an installation takes of the disk: the package as it is packed, and all packages that come with it. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Manifest {
  readonly files: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export interface Installed {
  /** Runtime dependencies by name, the optional ones with them. */
  readonly dependencies: readonly string[]
  /** Packages that come with them. */
  readonly packages: readonly string[]
  /** Octets of our own files, and of those packages. */
  readonly own: number
  readonly others: number
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

/** Octets of a file, or of all in a folder but the packages in it. */
function octetsOf(path: string): number {
  const status = statSync(path)
  if (!status.isDirectory()) return status.size
  const inside = readdirSync(path).filter((name) => name !== 'node_modules')
  return inside.reduce((sum, name) => sum + octetsOf(join(path, name)), 0)
}

/** The folder of a package as Node finds it from another's. */
function folderOf(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name)
    if (existsSync(join(found, 'package.json'))) return found
    if (folder === dirname(folder)) return undefined
  }
}

export function installed(): Installed {
  const { files, dependencies = {}, optionalDependencies = {} } = manifestOf(root)
  const direct = [...Object.keys(dependencies), ...Object.keys(optionalDependencies)]
  const folders = new Map<string, string>()
  const visit = (names: readonly string[], from: string): void => {
    for (const name of names) {
      const folder = folderOf(name, from)
      if (folder === undefined || folders.has(folder)) continue
      folders.set(folder, name)
      const { dependencies: own = {}, optionalDependencies: optional = {} } = manifestOf(folder)
      visit([...Object.keys(own), ...Object.keys(optional)], folder)
    }
  }
  visit(direct, root)
  const sum = (paths: readonly string[]): number =>
    paths.reduce((octets, path) => octets + (existsSync(path) ? octetsOf(path) : 0), 0)
  const own = files.flatMap((name) => {
    if (!name.includes('*')) return [join(root, name)]
    const [folder, end] = [join(root, dirname(name)), extname(name)]
    return readdirSync(folder).flatMap((file) => (extname(file) === end ? join(folder, file) : []))
  })
  return {
    dependencies: direct,
    packages: [...folders.values()].toSorted(),
    own: sum([...own, join(root, 'package.json'), join(root, 'README.md'), join(root, 'LICENSE')]),
    others: sum([...folders.keys()]),
  }
}
