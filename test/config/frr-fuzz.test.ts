/** Broken files: cut short, lines lost, doubled, swapped and scrambled. Options or errors, and nothing thrown. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { startOptions } from '../../lib/cli/options.ts'
import { type FrrFile, importFrr } from '../../lib/config/frr.ts'
import { Refusal } from '../../lib/config/frr-parse.ts'
import { resolveNetworks } from '../../lib/config/networks.ts'
import { OspfError } from '../../lib/errors.ts'
import { parseOptions } from '../../lib/options.ts'
import type { Link } from '../../lib/ports.ts'
import { Random } from '../../lib/sim/random.ts'

const classic = ['director/ospfd.conf', 'director/zebra.conf', 'router/ospfd.conf'].map((name) =>
  readFileSync(`fixtures/configs/classic/${name}`, 'utf8'),
)
const areas = readFileSync('fixtures/configs/areas.conf', 'utf8')

const device = { index: 1, up: true, mtu: 1500, loopback: false, broadcast: true }
const links = new Map<string, Link>(
  ['eth0', 'eth1', 'eth2'].map((name, i) => {
    const at = { address: 0x0a000001 + 0x10000 * i, prefixLength: 24 }
    return [
      name,
      { ...device, name, ...at, addresses: [{ ...at, secondary: false, peer: undefined }] },
    ]
  }),
)

/** As `run` does, up to the start. Returns whether the file was taken. */
function take(files: readonly FrrFile[]): boolean {
  for (const lacks of [undefined, new Set<never>()]) {
    const { options, errors, accepted } = importFrr(files, lacks ? { lacks } : {})
    assert.equal(options === undefined, errors.length > 0, 'options, or errors')
    assert([...errors, ...accepted].every(({ file, line }) => file !== '' && line >= 1))
    if (options === undefined || lacks !== undefined) continue
    try {
      // static routes stand beside the speaker
      const { staticRoutes: _, ...speaker } = startOptions(options, resolveNetworks(options, links))
      parseOptions(speaker)
      return true
    } catch (error) {
      if (!(error instanceof Refusal) && !(error instanceof OspfError)) throw error
    }
  }
  return false
}

t.test('the file as it is', async (t) => {
  t.ok(take([{ name: 'f', text: areas }]))
})

t.test('cut short anywhere', async (t) => {
  let taken = 0
  for (let length = 0; length < areas.length; length += 5)
    taken += Number(take([{ name: 'f', text: areas.slice(0, length) }]))
  t.ok(taken > 10, `${taken} were taken`)
})

t.test('lines and words at random', async (t) => {
  const random = new Random(20260101)
  const below = (n: number): number => Math.floor((random.u32() / 2 ** 32) * n)
  const pick = <T>(all: readonly T[]): T => all[below(all.length)]!
  const words = [
    ...new Set([...classic, areas].join('\n').split(/\s+/)),
    '0',
    '-1',
    '',
    '\u0000',
    '99999999999',
    '__proto__',
    'no',
  ]
  for (let round = 0; round < 600; round++) {
    const lines = pick([...classic, areas]).split(/\n/)
    for (let changes = 1 + below(6); changes > 0; changes--) {
      const at = below(lines.length)
      const line = lines[at]!.split(' ')
      switch (below(6)) {
        case 0:
          lines.splice(at, 1 + below(3))
          break
        case 1:
          lines.splice(below(lines.length), 0, lines[at]!)
          break
        case 2:
          line[below(line.length)] = pick(words)
          lines[at] = line.join(' ')
          break
        case 3:
          line.splice(below(line.length), 0, pick(words))
          lines[at] = line.join(' ')
          break
        case 4:
          lines[at] = ` no${lines[at]!}`
          break
        default:
          lines[at] = lines[at]!.slice(0, below(lines[at]!.length + 1))
      }
      if (lines.length === 0) lines.push('')
    }
    const text = lines.join('\n')
    try {
      take([{ name: 'f', text }])
    } catch (error) {
      t.fail(`round ${round}: ${error}`, { text })
    }
  }
  t.pass()
})
