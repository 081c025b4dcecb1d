/**
 * What runs inside the namespaces of probes.ts: `director VIPS PROBES INTERVAL SECONDS tcp|http [isolate]`, `router`, and
 * `targets INTERVAL`, which notes arrivals from SIGUSR1 on and says how late they were at SIGUSR2.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { healthy, http, OspfSpeaker, type SpeakerOptions, tcp } from '../lib/index.ts'
import { formatIpv4 } from '../lib/wire/address.ts'

export interface ProcessCost {
  /** Of one core. */
  readonly cpu: number
  /** Octets. */
  readonly rss: number
}

export interface DirectorReport {
  /** Ours, and that of the child if there is one. */
  readonly processes: readonly ProcessCost[]
  readonly up: number
  /** Milliseconds. */
  readonly longestDelay: number
}

export interface TargetReport {
  readonly targets: number
  readonly arrivals: number
  /** Turns of a probe at which nothing came. */
  readonly missed: number
  /** Milliseconds. */
  readonly late: { readonly p50: number; readonly p99: number; readonly max: number }
}

const [, , role, ...words] = process.argv
const PORT = 8080
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const options = (routerId: string, priority: number): SpeakerOptions => ({
  routerId,
  areas: {
    0: { interfaces: { eth0: { helloInterval: 1, deadInterval: 4, priority, cost: 1 } } },
  },
})

/** What a process has used so far: milliseconds of CPU (in hundredths of a second), and octets of memory. */
function usage(pid: number | string): { readonly ms: number; readonly rss: number } {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { ms: (Number(fields[11]) + Number(fields[12])) * 10, rss: Number(fields[21]) * 4096 }
}

async function router(): Promise<void> {
  await OspfSpeaker.start({ ...options('10.0.1.136', 1), installRoutes: true })
  say('ready')
}

async function director(): Promise<void> {
  const [vips = 1, probes = 1, interval = 1, seconds = 1] = words.map(Number)
  const isolate = words[5] === 'isolate'
  const speaker = await OspfSpeaker.start({ ...options('10.0.1.133', 0), isolate })
  let target = 0x0a40_0000
  const probe = () => {
    const address = formatIpv4(++target)
    return words[4] === 'http' ? http(`http://${address}:${PORT}/`) : tcp(`${address}:${PORT}`)
  }
  for (let i = 1; i <= vips; i++) {
    const gate = healthy(Array.from({ length: probes }, probe), { interval, rise: 1, fall: 3 })
    speaker.announce(formatIpv4(0x0ac8_0000 + i), { when: gate })
  }
  const up = (): number => speaker.announcements().filter(({ state }) => state === 'up').length
  const end = performance.now() + 20_000 + 3 * interval * 1000
  while (up() < vips && performance.now() < end) await sleep(200)
  say(`announced ${up()}`)
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim()
  const pids = [process.pid, ...children.split(' ').filter(Boolean)]
  const before = pids.map(usage)
  const since = performance.now()
  await sleep(seconds * 1000)
  const took = performance.now() - since
  say(
    `REPORT ${JSON.stringify({
      processes: pids
        .map(usage)
        .map(({ ms, rss }, i) => ({ cpu: (ms - before[i]!.ms) / took, rss })),
      up: up(),
      longestDelay: delay.max / 1e6,
    } satisfies DirectorReport)}`,
  )
}

function targets(): void {
  const interval = Number(words[0]) * 1000
  const seen = new Map<string, number[]>()
  let isNoting = false
  const server = createServer((socket) => {
    const now = performance.now()
    socket.on('error', () => {})
    socket.on('data', () =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
    )
    const address = socket.localAddress
    if (!isNoting || address === undefined) return
    const times = seen.get(address)
    if (times) times.push(now)
    else seen.set(address, [now])
  })
  server.listen({ host: '0.0.0.0', port: PORT, backlog: 4096 }, () => say('ready'))
  process.on('SIGUSR1', () => {
    isNoting = true
  })
  process.on('SIGUSR2', () => {
    isNoting = false
    const late: number[] = []
    let arrivals = 0
    let missed = 0
    for (const times of seen.values()) {
      arrivals += times.length
      // the beat of this probe, on which it cannot have been early
      const first = times[0]!
      const turns = times.map((time) => Math.round((time - first) / interval))
      const beat = Math.min(...times.map((time, i) => time - turns[i]! * interval))
      for (const [i, time] of times.entries()) late.push(time - turns[i]! * interval - beat)
      missed += turns.at(-1)! + 1 - new Set(turns).size
    }
    late.sort((a, b) => a - b)
    const part = (share: number): number => late[Math.floor((late.length - 1) * share)] ?? 0
    say(
      `REPORT ${JSON.stringify({
        targets: seen.size,
        arrivals,
        missed,
        late: { p50: part(0.5), p99: part(0.99), max: part(1) },
      } satisfies TargetReport)}`,
    )
  })
}

if (role === 'targets') targets()
else if (role === 'router') await router()
else await director()
