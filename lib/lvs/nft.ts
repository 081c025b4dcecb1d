/** The `nft` program: one transaction in, a listing out. */
import { spawn } from 'node:child_process'
import { OspfError } from '../errors.ts'

/** Octets of output that are read at most. */
const OUTPUT_LIMIT = 1 << 28
/** Of what it complains about, one line is enough. */
const WORDS_LIMIT = 300

interface Outcome {
  readonly status: number | null
  readonly output: string
  readonly words: string
}

/** Runs it with `input`, which is one transaction: all of it happens, or nothing. Rejects with an OspfError. */
export async function nftApply(program: string, what: string, input: string): Promise<void> {
  const { status, words } = await run(program, ['-f', '-'], input)
  if (status !== 0) throw refused(what, words)
}

/** The tables there are, as 'netdev ospf_lvs'. Rejects with an OspfError. */
export async function nftTables(program: string): Promise<ReadonlySet<string>> {
  const { status, output, words } = await run(program, ['list', 'tables'])
  if (status !== 0) throw refused('list the tables of nftables', words)
  return new Set(output.split('\n').map((line) => line.trim().replace(/^table /, '')))
}

/** A table as JSON, without what its maps hold; undefined: there is none. Rejects with an OspfError. */
export async function nftList(
  program: string,
  family: string,
  table: string,
): Promise<string | undefined> {
  const { status, output, words } = await run(program, ['-j', '-t', 'list', 'table', family, table])
  if (status === 0) return output
  if (words.includes('No such file or directory')) return undefined
  throw refused(`list table ${family} ${table}`, words)
}

function run(program: string, argv: readonly string[], input = ''): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, {
      stdio: ['pipe', 'pipe', 'pipe'],
      // Its words are looked at.
      env: { ...process.env, LC_ALL: 'C' },
    })
    let [output, words] = ['', '']
    child.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === 'ENOENT'
          ? new OspfError(
              'ERR_OSPF_IPVS_ABSENT',
              `the program '${program}' is not there: the nftables data plane needs the package nftables`,
              { cause, errno: 'ENOENT' },
            )
          : new OspfError('ERR_OSPF_KERNEL', `run ${program}: ${cause.message}`, { cause }),
      )
    })
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
      if (output.length > OUTPUT_LIMIT) child.kill('SIGKILL')
    })
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      if (words.length < 8192) words += chunk
    })
    // It may end before it has read everything; its status tells why.
    child.stdin?.on('error', () => undefined)
    child.once('close', (status) => resolve({ status, output, words }))
    child.stdin?.end(input)
  })
}

/** The error for what the program refused, with its words. */
export function refused(what: string, words: string): OspfError {
  // Its complaint is followed by the line that it is about, and a mark below.
  const said = words.split('\n').find((line) => /error/i.test(line)) ?? words.trim()
  const message = `${what}: nft: ${said.slice(0, WORDS_LIMIT) || 'failed without a word'}`
  if (/operation not permitted|permission denied|must be root/i.test(words)) {
    return new OspfError('ERR_OSPF_PERMISSION', `${message}; CAP_NET_ADMIN is needed`, {
      errno: 'EPERM',
    })
  }
  if (/protocol not supported|cache initialization failed: invalid/i.test(words)) {
    return new OspfError('ERR_OSPF_IPVS_ABSENT', `${message}; this kernel has no nftables`)
  }
  return new OspfError('ERR_OSPF_KERNEL', message)
}
