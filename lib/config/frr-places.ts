/**
 * Which lines of Quagga's and FRR's files are behind which option: each line is left out in turn, and what is different
 * then is what it says. So the importer needs no book-keeping, and what it makes of a line cannot be told wrong.
 */
import type { FrrFile, FrrPlace } from './frr-types.ts'
import { at, isRecord, isSame, type Path } from './source.ts'

/** Lines by what they say. */
export interface Places {
  /** Those of the deepest part of a path that has lines of its own. */
  of(path: Path): readonly FrrPlace[]
  /** Some line says this, or a part of it: it is no default. */
  isStated(path: Path): boolean
}

/**
 * @param build makes options of the files; undefined: they have errors
 */
export function placesOf(
  files: readonly FrrFile[],
  build: (files: readonly FrrFile[]) => unknown,
): Places {
  const tried = (some: readonly FrrFile[]): unknown => {
    try {
      return build(some)
    } catch {
      // half a statement may be worse than none
      return undefined
    }
  }
  const whole = tried(files)
  const places = new Map<string, FrrPlace[]>()
  const note = (path: Path, place: FrrPlace): void => {
    const key = path.join('\n')
    const list = places.get(key)
    if (list === undefined) places.set(key, [place])
    else if (!list.some(({ file, line }) => file === place.file && line === place.line))
      list.push(place)
  }
  for (const [i, { name, text }] of files.entries()) {
    const lines = text.split('\n')
    for (const [n, line] of lines.entries()) {
      if (!/^\s*[^\s!#]/.test(line)) continue
      const place = { file: name, line: n + 1 }
      // without it there are no options
      if (/^\s*(ospf\s+)?router-id\s/.test(line)) note(['routerId'], place)
      const without = tried(
        files.map((file, j) =>
          j === i ? { name, text: lines.map((l, k) => (k === n ? '' : l)).join('\n') } : file,
        ),
      )
      if (without === undefined) continue
      for (const path of missingIn(without, whole, [])) note(path, place)
    }
  }
  return {
    of: (path) => {
      for (let length = path.length; length > 0; length--) {
        const found = places.get(path.slice(0, length).join('\n'))
        if (found !== undefined) return found
      }
      return []
    },
    isStated: (path) => {
      const key = path.join('\n')
      return [...places.keys()].some((one) => one === key || one.startsWith(`${key}\n`))
    },
  }
}

/** What of `whole` is not in `part`, or different: as deep as it goes. */
function* missingIn(part: unknown, whole: unknown, path: Path): Generator<Path> {
  if (isSame(part, whole)) return
  const isSplit =
    (isRecord(part) && isRecord(whole)) ||
    (Array.isArray(part) && Array.isArray(whole) && part.length === whole.length)
  if (!isSplit) {
    if (Array.isArray(part) && Array.isArray(whole)) {
      for (const [i, item] of whole.entries())
        if (!part.some((one) => isSame(one, item))) yield [...path, i]
    } else yield path
    return
  }
  for (const key of Object.keys(whole as object)) {
    const name = Array.isArray(whole) ? Number(key) : key
    yield* missingIn(at(part, [name]), at(whole, [name]), [...path, name])
  }
}
