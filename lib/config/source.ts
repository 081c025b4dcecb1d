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
const parts: ReadonlySet<string> = new Set(['addresses', 'staticRoutes', 'lvs: services'])

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
  const place = (path: Path): Place => {
    const end = [1, 2].find((length) => parts.has(formatPath(path.slice(0, length))))
    if (end !== undefined && path.length > end) {
      const list = path.slice(0, end)
      const item = at(data, path.slice(0, end + 1))
      for (const source of told) {
        const said = at(source.data, list)
        if (!Array.isArray(said)) continue
        const index = Number(path[end])
        const own = isSame(said[index], item) ? index : said.findIndex((one) => isSame(one, item))
        if (own >= 0) return source.place([...list, own, ...path.slice(end + 1)])
      }
    }
    return told.toSorted((a, b) => depthOf(b.data, path) - depthOf(a.data, path))[0]!.place(path)
  }
  for (const source of others) {
    const owner = (path: Path): Source =>
      told.toSorted((a, b) => depthOf(b.data, path) - depthOf(a.data, path))[0]!
    data = join(data, source.data, [], (path, was, is, before) => {
      if (source.isDefault?.(path)) return was
      if (before === path && owner(path).isDefault?.(path)) return is
      problems.push({
        ...source.place(path),
        path: formatPath(path),
        message: `${showValue(is, path)} contradicts ${showValue(was, path)} of ${placeText(place(before))}`,
      })
      return was
    })
    told.push(source)
  }
  return { source: { name: first.name, data, place }, problems }
}

export const placeText = ({ file, line, column }: Place): string =>
  [file, line, column].filter((part) => part !== undefined).join(':')

function join(
  a: unknown,
  b: unknown,
  path: Path,
  /** @param before where it is in the first, if not at the same place */
  conflict: (path: Path, a: unknown, b: unknown, before: Path) => unknown,
): unknown {
  if (a === undefined || b === undefined) return a ?? b
  // 'eth0:' with nothing behind it
  if ((a === null && isRecord(b)) || (b === null && isRecord(a))) return a ?? b
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
  if (parts.has(formatPath(path)) && Array.isArray(a) && Array.isArray(b)) {
    const more = b.filter((one, i) => {
      const twin = a.findIndex((other) => isSame(one, other) || isTwin(one, other))
      if (twin >= 0 && !isSame(one, a[twin])) conflict([...path, i], a[twin], one, [...path, twin])
      return twin < 0
    })
    return [...a, ...more]
  }
  return conflict(path, a, b, path)
}

/** Virtual services that the kernel would not tell apart. */
const isTwin = (a: unknown, b: unknown): boolean =>
  isRecord(a) &&
  isRecord(b) &&
  a['servers'] !== undefined &&
  ['address', 'port', 'fwmark'].every((field) => a[field] === b[field]) &&
  (a['protocol'] ?? 'tcp') === (b['protocol'] ?? 'tcp') &&
  (a['family'] ?? 4) === (b['family'] ?? 4)

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
