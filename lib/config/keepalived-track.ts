/** What is followed: files, scripts, processes, BFD sessions. */
import { type Draft, type Keyword, type Keywords, last, told, without } from './keepalived-draft.ts'
import { BadValue, integer, ipAddress, type Words, wordAt } from './keepalived-values.ts'

const elsewhere = 'it is not followed here'

/** `N [reverse]`. */
function weight(what: string, words: Words, most: number): { weight: number; reverse: boolean } {
  if (words[1] === undefined) throw new BadValue(`No weight specified for ${what} - ignoring`)
  const weight = integer(`${what} weight`, words[1], -most, most)
  if (words[2] !== undefined && words[2] !== 'reverse')
    throw new BadValue(`${what} unknown weight option ${words[2]}`)
  return { weight, reverse: words[2] === 'reverse' }
}

const trackFile: Keyword = {
  act: (d, w) => {
    if (w[0] === 'vrrp_track_file') d.reports.notice(w[0], 'an old name of track_file')
    d.trackFiles.push({ ...d.place, name: wordAt(w, 1), weight: 1, reverse: false })
  },
  block: {
    file: {
      act: (d, w) => {
        if (w[1] === undefined) throw new BadValue('track file file name missing')
        if (last(d.trackFiles).path !== undefined)
          throw new BadValue(`File already set for track file - ignoring ${w[1]}`)
        last(d.trackFiles).path = w[1]
      },
    },
    weight: { act: (d, w) => Object.assign(last(d.trackFiles), weight('track file', w, 254)) },
    init_file: { act: initial },
  },
  close: (d) => {
    const file = last(d.trackFiles)
    const again = d.trackFiles.some((one) => one !== file && one.name === file.name)
    if (file.path !== undefined && !again) return
    d.trackFiles.pop()
    throw new BadValue(
      again
        ? `track file ${file.name} already exists`
        : `No file set for track_file ${file.name} - removing`,
    )
  },
}

function initial(d: Draft, words: Words): void {
  const file = last(d.trackFiles)
  file.initial = { value: 0, overwrite: false }
  for (const word of words.slice(1))
    if (word === 'overwrite') file.initial = { ...file.initial, overwrite: true }
    else if (/^-?\d/.test(word))
      file.initial = {
        ...file.initial,
        value: integer('init_file', word, -2_147_483_648, 2_147_483_647),
      }
    else d.bad(`Unknown track file init option ${word}`)
}

/** At least 1: 0 was allowed once, and means that. */
const atLeastOne = (name: 'interval' | 'timeout'): Keyword => ({
  act: (d, w) => {
    const value = integer(`vrrp script ${name}`, wordAt(w, 1), 0, 4294)
    if (value === 0) d.bad(`vrrp script ${name} must be greater than 0, setting to 1`)
    last(d.trackScripts)[name] = Math.max(value, 1)
  },
})
const times = (name: 'rise' | 'fall'): Keyword => ({
  act: (d, w) =>
    (last(d.trackScripts)[name] = integer(`vrrp script ${name}`, wordAt(w, 1), 1, 2_147_483_647)),
})

const script: Keyword = {
  act: (d, w) =>
    void d.trackScripts.push({
      ...d.place,
      name: wordAt(w, 1),
      interval: 1,
      weight: 0,
      reverse: false,
      rise: 1,
      fall: 1,
      initFail: false,
    }),
  block: {
    script: {
      act: (d) => (last(d.trackScripts).script = { ...last(d.trackScripts).script, ...d.script() }),
    },
    interval: atLeastOne('interval'),
    timeout: atLeastOne('timeout'),
    weight: { act: (d, w) => Object.assign(last(d.trackScripts), weight('vrrp_script', w, 253)) },
    rise: times('rise'),
    fall: times('fall'),
    user: told('the script runs as this process', {
      act: (d, w) => {
        const user = wordAt(w, 1)
        const group = w[2] === undefined ? {} : { group: w[2] }
        const one = last(d.trackScripts)
        one.script = { command: one.script?.command ?? [], user, ...group }
      },
    }),
    init_fail: { act: (d) => (last(d.trackScripts).initFail = true) },
  },
  close: (d) => {
    const one = last(d.trackScripts)
    if ((one.script?.command.length ?? 0) > 0) return
    d.trackScripts.pop()
    throw new BadValue(`No script set for vrrp_script ${one.name} - removing`)
  },
}

const process: Keyword = {
  act: (d, w) =>
    void d.trackProcesses.push({
      ...d.place,
      name: wordAt(w, 1),
      process: [],
      quorum: 1,
      weight: 0,
    }),
  block: {
    process: { act: (d, w) => (last(d.trackProcesses).process = [wordAt(w, 1), ...w.slice(2)]) },
    weight: {
      act: (d, w) => (last(d.trackProcesses).weight = weight('track process', w, 254).weight),
    },
    quorum: {
      act: (d, w) => (last(d.trackProcesses).quorum = integer('Quorum', wordAt(w, 1), 1, 65_535)),
    },
    ...Object.fromEntries(
      ['param_match', 'quorum_max', 'delay', 'terminate_delay', 'fork_delay', 'full_command'].map(
        (name): [string, Keyword] => [name, { act: without(elsewhere) }],
      ),
    ),
  },
  close: (d) => {
    const one = last(d.trackProcesses)
    if (one.process.length > 0) return
    d.trackProcesses.pop()
    throw new BadValue(`No process set for track process ${one.name} - removing`)
  },
}

const milliseconds = (
  name: 'minRx' | 'minTx' | 'idleTx',
  keyword: string,
  most: number,
): Keyword => ({
  act: (d, w) => (last(d.bfd)[name] = integer(keyword, wordAt(w, 1), 1, most)),
})
const neighbor: Keyword = {
  act: (d, w) => (last(d.bfd).neighbor = ipAddress('neighbor_ip', wordAt(w, 1))),
}
const ttl: Keyword = { act: (d, w) => (last(d.bfd).ttl = integer('ttl', wordAt(w, 1), 1, 255)) }

const bfd: Keyword = {
  act: (d, w) => {
    const name = wordAt(w, 1)
    if (d.bfd.some((one) => one.name === name)) {
      d.bad(`Configuration error: BFD instance ${name} already configured`)
      return 'skip'
    }
    return void d.bfd.push({
      ...d.place,
      name,
      minRx: 10,
      minTx: 10,
      idleTx: 1000,
      multiplier: 5,
      passive: false,
    })
  },
  block: {
    neighbor_ip: neighbor,
    neighbour_ip: neighbor,
    source_ip: { act: (d, w) => (last(d.bfd).source = ipAddress('source_ip', wordAt(w, 1))) },
    min_rx: milliseconds('minRx', 'min_rx', 1000),
    min_tx: milliseconds('minTx', 'min_tx', 1000),
    idle_tx: milliseconds('idleTx', 'idle_tx', 60_000),
    multiplier: {
      act: (d, w) => (last(d.bfd).multiplier = integer('multiplier', wordAt(w, 1), 1, 255)),
    },
    passive: { act: (d) => (last(d.bfd).passive = true) },
    ttl,
    hoplimit: ttl,
    max_hops: { act: (d, w) => (last(d.bfd).maxHops = integer('max_hops', wordAt(w, 1), -1, 255)) },
    weight: { act: without(elsewhere) },
    vrrp: { act: () => undefined },
    checker: { act: () => undefined },
  },
  close: (d) => {
    const one = last(d.bfd)
    if (one.neighbor !== undefined) return
    d.bfd.pop()
    throw new BadValue(`BFD instance ${one.name}: no neighbor address, ignoring`)
  },
}

export const trackKeywords: Keywords = {
  track_file: trackFile,
  vrrp_track_file: trackFile,
  vrrp_script: script,
  vrrp_track_process: process,
  bfd_instance: bfd,
}
