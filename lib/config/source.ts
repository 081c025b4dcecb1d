/** What a configuration is read from: data, and where each part of it stands. */

/** Where something is said. Lines and columns count from 1. */
export interface Place {
  readonly file: string
  readonly line?: number
  readonly column?: number
}

/** Keys and indices, from the top. */
export type Path = readonly (string | number)[]

/** Something that is wrong with a configuration. */
export interface ConfigProblem extends Place {
  /** 'areas: 0.0.0.0: interfaces: eth0: cost' */
  readonly path: string
  /** What was expected. */
  readonly message: string
}

/** A file, or what was made of files in another language. */
export interface Source {
  /** Of a relative path in it, and for messages. */
  readonly name: string
  readonly data: unknown
  /** Of the deepest part of the path that is said. */
  place(path: Path): Place
  /** Nobody said this: what others say goes before it. Default: all was said. */
  isDefault?(path: Path): boolean
}

export const formatPath = (path: Path): string => path.join(': ')

/** 'lb.yaml:12:7: areas: 0.0.0.0: interfaces: eth0: cost: expected ...' */
export function formatProblem({ file, line, column, path, message }: ConfigProblem): string {
  const where = [file, line, column].filter((part) => part !== undefined).join(':')
  return [where, path, message].filter((part) => part !== '').join(': ')
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What stands at a path; undefined: nothing does. */
export function at(data: unknown, path: Path): unknown {
  let found = data
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined
    found = (found as Record<string | number, unknown>)[key]
  }
  return found
}

/** How much of a path there is. */
export function depthOf(data: unknown, path: Path): number {
  let depth = 0
  while (depth < path.length && at(data, path.slice(0, depth + 1)) !== undefined) depth++
  return depth
}

/** The same value, with another at a path; undefined: nothing. Lists stay as long as they are. */
export function withAt(data: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return value
  if (Array.isArray(data))
    return data.map((item, i) => (i === key ? withAt(item, rest, value) : item))
  if (!isRecord(data)) return data
  const entries = Object.entries(data).flatMap(([name, item]) => {
    if (name !== String(key)) return [[name, item]]
    const changed = withAt(item, rest, value)
    return changed === undefined ? [] : [[name, changed]]
  })
  return Object.fromEntries(entries)
}

/** Lists of which each source says a part. */
const parts: ReadonlySet<string> = new Set(['addresses', 'staticRoutes'])

/** Both as one. What both say must be the same; a list is one value, but for those of `parts`. */
export function merge(sources: readonly Source[]): {
  readonly source: Source
  readonly problems: readonly ConfigProblem[]
} {
  const [first, ...others] = sources
  if (first === undefined) throw new Error('no source')
  const problems: ConfigProblem[] = []
  let data: unknown = first.data
  const told = [first]
  for (const source of others) {
    const owner = (path: Path): Source =>
      told.toSorted((a, b) => depthOf(b.data, path) - depthOf(a.data, path))[0]!
    data = join(data, source.data, [], (path, was, is) => {
      if (source.isDefault?.(path)) return was
      if (owner(path).isDefault?.(path)) return is
      const before = owner(path).place(path)
      problems.push({
        ...source.place(path),
        path: formatPath(path),
        message: `${showValue(is, path)} contradicts ${showValue(was, path)} of ${placeText(before)}`,
      })
      return was
    })
    told.push(source)
  }
  const place = (path: Path): Place => {
    const [list, index, ...rest] = path
    if (typeof list === 'string' && parts.has(list) && typeof index === 'number') {
      const item = at(data, [list, index])
      for (const source of told) {
        const said = at(source.data, [list])
        const own = Array.isArray(said) ? said.findIndex((one) => isSame(one, item)) : -1
        if (own >= 0) return source.place([list, own, ...rest])
      }
    }
    return told.toSorted((a, b) => depthOf(b.data, path) - depthOf(a.data, path))[0]!.place(path)
  }
  return { source: { name: first.name, data, place }, problems }
}

export const placeText = ({ file, line, column }: Place): string =>
  [file, line, column].filter((part) => part !== undefined).join(':')

function join(
  a: unknown,
  b: unknown,
  path: Path,
  conflict: (path: Path, a: unknown, b: unknown) => unknown,
): unknown {
  if (a === undefined || b === undefined) return a ?? b
  if (isRecord(a) && isRecord(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])]
    return Object.fromEntries(
      keys.map((key) => [
        key,
        join(
          Object.hasOwn(a, key) ? a[key] : undefined,
          Object.hasOwn(b, key) ? b[key] : undefined,
          [...path, key],
          conflict,
        ),
      ]),
    )
  }
  if (isSame(a, b)) return a
  if (path.length === 1 && parts.has(String(path[0])) && Array.isArray(a) && Array.isArray(b))
    return [...a, ...b.filter((one) => !a.some((other) => isSame(one, other)))]
  return conflict(path, a, b)
}

/** Equal as data, whatever the order of keys. */
export const isSame = (a: unknown, b: unknown): boolean => stable(a) === stable(b)

/** JSON with its keys in order: the same for what says the same. */
export function stable(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    isRecord(item)
      ? Object.fromEntries(
          Object.keys(item)
            .toSorted()
            .map((key) => [key, item[key]]),
        )
      : item,
  )
}

const secretFields: ReadonlySet<unknown> = new Set(['key', 'passphrase'])

/** A value for a message: not long, and never a secret. */
export function showValue(value: unknown, path: Path): string {
  if (secretFields.has(path.at(-1))) return typeof value === 'string' ? 'text' : `a ${typeof value}`
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (isRecord(value)) return 'an object'
  if (typeof value === 'string') {
    const short = value.length > 60 ? `${value.slice(0, 60)}...` : value
    return `'${short.replace(/\s+/g, ' ')}'`
  }
  return String(value)
}
