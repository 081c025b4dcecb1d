/** Configuration files: a person's mistakes are told with file and line, and nothing is thrown but what is to be. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { startOptions } from '../../lib/cli/options.ts'
import { importFrr } from '../../lib/config/frr.ts'
import { Refusal } from '../../lib/config/frr-parse.ts'
import { resolveNetworks } from '../../lib/config/networks.ts'
import { problemsOf } from '../../lib/config/validate.ts'
import { readYaml } from '../../lib/config/yaml.ts'
import { OspfError } from '../../lib/errors.ts'
import { parseOptions } from '../../lib/options.ts'
import type { Link } from '../../lib/ports.ts'
import { read } from '../config/keepalived-samples.ts'
import type { Target } from './fuzz-engine.ts'

const device = { index: 1, up: true, mtu: 1500, loopback: false, broadcast: true }
const links = new Map<string, Link>(
  ['eth0', 'eth1', 'eth2'].map((name, i) => {
    const at = { address: 0x0a000001 + 0x10000 * i, prefixLength: 24 }
    const addresses = [{ ...at, secondary: false, peer: undefined }]
    return [name, { ...device, name, ...at, addresses }]
  }),
)

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The files in a folder, below it as well. */
const files = (folder: string, wanted: RegExp): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => wanted.test(name) && statSync(`${folder}/${name}`).isFile())
    .sort()
    .map((name) => readFileSync(`${folder}/${name}`, 'utf8'))

const wordsOf = (texts: readonly string[]): readonly Uint8Array[] =>
  [...new Set(texts.flatMap((text) => text.split(/\s+/)))].map((word) => encoder.encode(word))

const hard = ['', '\n', ' ', '0', '-1', '\u0000', '99999999999', '__proto__', 'no ', '\ufeff', '"']

const frrTexts = files('fixtures/configs', /^((areas|border)\.conf|(classic|frr-8\.4\.4)\/.*)$/)
const keepalivedTexts = files('fixtures/configs/keepalived', /\.conf$/)
const yamlTexts = files('fixtures/configs/yaml', /\.yaml$/)

/** Each alone, too: what comes late in a long file is reached sooner. */
const sections = (texts: readonly string[]): readonly string[] =>
  texts.flatMap((text) => text.split(/\n!\s*\n/))

const frr: Target = {
  name: 'frr',
  maximumLength: 4096,
  words: [...wordsOf(frrTexts), ...hard.map((word) => encoder.encode(word))],
  seeds: () => [...frrTexts, ...sections(frrTexts)].map((text) => encoder.encode(text)),
  run: (input) => {
    const read = importFrr([{ name: 'f', text: decoder.decode(input) }])
    const { options, errors, accepted } = read
    assert.equal(options === undefined, errors.length > 0, 'options, or errors')
    assert([...errors, ...accepted].every(({ file, line }) => file === 'f' && line >= 1))
    if (options === undefined) return
    try {
      parseOptions(startOptions(options, resolveNetworks(options, links)))
    } catch (error) {
      if (!(error instanceof Refusal) && !(error instanceof OspfError)) throw error
    }
  },
}

const keepalived: Target = {
  name: 'keepalived',
  maximumLength: 4096,
  words: [
    ...wordsOf(keepalivedTexts),
    ...[
      ...hard,
      '{',
      '}',
      '$A',
      `$\{A}`,
      '$A=$A',
      '~SEQ(N, 1, 9) x$N',
      '~LST({A,B},{1})',
      '@one ',
    ].map((word) => encoder.encode(word)),
  ],
  seeds: () => keepalivedTexts.map((text) => encoder.encode(text)),
  run: (input) => {
    const { config, reports } = read(decoder.decode(input), { limits: { lines: 2000 } })
    assert(config !== undefined || reports.length > 0, 'a configuration, or what is wrong')
  },
}

const yaml: Target = {
  name: 'yaml',
  maximumLength: 4096,
  words: [
    ...wordsOf(yamlTexts),
    ...[
      ...hard,
      '&a',
      '*a',
      '<<: ',
      '!!binary',
      '? ',
      '- ',
      ': ',
      '{',
      ']',
      '\t',
      '|',
      '---',
      '~',
    ].map((word) => encoder.encode(word)),
  ],
  seeds: () => yamlTexts.map((text) => encoder.encode(text)),
  run: (input) => {
    const text = decoder.decode(input)
    const { source, problems } = readYaml('f', text)
    assert(source !== undefined || problems.length > 0, 'what it says, or what is wrong')
    const all = source === undefined ? problems : problemsOf(source)
    const lines = text.split('\n').length
    for (const { file, line = 0, column = 0, message } of all) {
      assert(file === 'f' && line >= 1 && line <= lines && column >= 1 && message !== '')
    }
  },
}

export const importers: readonly Target[] = [frr, keepalived, yaml]
