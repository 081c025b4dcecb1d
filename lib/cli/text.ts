/** What every text of `show` is made with. */

export const left = (text: string | number, width: number): string => String(text).padEnd(width)
export const right = (text: string | number, width: number): string => String(text).padStart(width)

/** FRR's way to say a time, from milliseconds: 3.982s, 1m05s, 2h03m04s, 1d02h03m, 3w1d02h. */
export function duration(milliseconds: number): string {
  const total = Math.floor(milliseconds / 1000)
  const [s, m, h] = [total % 60, Math.floor(total / 60) % 60, Math.floor(total / 3600) % 24]
  const d = Math.floor(total / 86400)
  if (d >= 7) return `${Math.floor(d / 7)}w${d % 7}d${two(h)}h`
  if (d > 0) return `${d}d${two(h)}h${two(m)}m`
  if (h > 0) return `${h}h${two(m)}m${two(s)}s`
  if (m > 0) return `${m}m${two(s)}s`
  return `${s}.${String(Math.floor(milliseconds % 1000)).padStart(3, '0')}s`
}

/** As zebra says it, from seconds: 00:00:12, 1d02h03m, 01w1d02h. */
export function clockTime(seconds: number): string {
  const total = Math.floor(seconds)
  const [s, m, h] = [total % 60, Math.floor(total / 60) % 60, Math.floor(total / 3600) % 24]
  const d = Math.floor(total / 86400)
  if (d >= 7) return `${two(Math.floor(d / 7))}w${d % 7}d${two(h)}h`
  return d > 0 ? `${d}d${two(h)}h${two(m)}m` : `${two(h)}:${two(m)}:${two(s)}`
}

const two = (n: number): string => String(n).padStart(2, '0')

/** 'YYYY-MM-DD hh:mm:ss.mmm' in UTC. */
export const timestamp = (time: number): string =>
  new Date(time).toISOString().replace('T', ' ').replace('Z', '')

/** Lines as text. */
export const block = (...lines: readonly (string | readonly string[])[]): string =>
  lines
    .flat()
    .map((line) => `${line}\n`)
    .join('')

/** A table of columns as wide as what is in them. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)),
  )
  return [head, ...rows].map((row) =>
    row
      .map((cell, i) => left(cell, widths[i]!))
      .join('  ')
      .trimEnd(),
  )
}

/** By the numbers in them: 10.0.0.9 before 10.0.0.10. */
export function byAddress(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(/[./]/).map(Number))
  for (const [i, part] of left!.entries()) {
    const difference = part - (right![i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** FRR names its interfaces by device and address: 'eth0:10.0.1.133'. So do we where there are several on a device. */
export const interfaceName = (name: string, address: string | undefined): string =>
  address === undefined || name.includes(':') ? name : `${name}:${address}`

/** As FRR lists them: eth2 before eth10. */
export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  new Intl.Collator('en', { numeric: true }).compare(a.name, b.name)

export const deviceOf = (name: string): string => name.split(':')[0]!

/** What FRR writes behind the number of an area. */
export const areaTitle = (id: string, type: string | undefined): string =>
  type === 'nssa' ? `${id} [NSSA]` : type === 'stub' ? `${id} [Stub]` : id
