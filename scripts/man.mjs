#!/usr/bin/env node
/**
 * `node scripts/man.mjs [FILE]`: the manual page, from what `ospf-speaker --help` and the help of each command say. Wants
 * dist/. Written to FILE, or to standard output.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './prepare.mjs'

const main = join(root, 'dist', 'cli', 'main.js')
const { version, description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

function help(...words) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    encoding: 'utf8',
    env: { ...process.env, COLUMNS: '1000', NO_COLOR: '1' },
  })
  if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}`)
  return stdout
}

/** For troff: no escapes, no requests at the beginning of a line, and hyphens that can be copied. */
const text = (words) =>
  words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')

/** The parts of a help text: what stands before its headings, and the lines below each. */
function partsOf(words) {
  const parts = { '': [] }
  let heading = ''
  for (const line of words.split('\n')) {
    const found = /^([A-Z][a-z]+):(?: (.*))?$/.exec(line)
    if (found) {
      heading = found[1]
      parts[heading] = found[2] ? [found[2]] : []
    } else if (line.trim() !== '') {
      // the description stands below the usage
      if (!line.startsWith(' ')) heading = ''
      parts[heading].push(line)
    }
  }
  return parts
}

/** Lines of a table as troff's paragraphs with a tag; others as they are. */
const list = (lines = []) =>
  lines.map((line) => {
    const found = /^ {2}(\S.*?) {2,}(\S.*)$/.exec(line)
    return found ? `.TP\n.B ${text(found[1])}\n${text(found[2])}` : text(line.trim())
  })

function commandPage(name) {
  const { Usage = [], '': about, Options, Arguments } = partsOf(help(name, '--help'))
  const more = about.map((line) => text(line.trim()))
  return [
    `.SS "ospf\\-speaker ${text(name)}"`,
    ...Usage.map((u) => `.B ${text(u)}\n.PP`),
    ...more,
    ...list(Arguments),
    ...list(Options),
  ]
}

const top = partsOf(help('--help'))
const commands = top.Commands.flatMap((line) => /^ {2}(\S+)/.exec(line)?.[1].split('|')[0] ?? [])
// the verbs of vtysh show what can follow, in place of options
const own = commands.filter((name) => {
  const { status, stdout } = spawnSync(process.execPath, [main, name, '--help'], {
    encoding: 'utf8',
  })
  return name !== 'help' && status === 0 && stdout.startsWith('Usage:')
})

const page = [
  `.\\" Made by scripts/man.mjs from --help.`,
  `.TH OSPF\\-SPEAKER 1 "" "ospf\\-speaker ${version}" "User Commands"`,
  '.SH NAME',
  `ospf\\-speaker \\- ${text(description)}`,
  '.SH SYNOPSIS',
  ...top.Usage.map((u) => `.B ${text(u)}`),
  '.SH DESCRIPTION',
  ...top[''].map((line) => text(line.trim())),
  '.SH OPTIONS',
  ...list(top.Options),
  '.SH COMMANDS',
  ...list(top.Commands),
  '.SH "OPTIONS OF COMMANDS"',
  ...own.flatMap(commandPage),
  '.SH SIGNALS',
  '.TP',
  '.B SIGTERM, SIGINT',
  'Withdraw every VIP, wait for the routers, clean up and end; the second one ends at once.',
  '.TP',
  '.B SIGHUP',
  'Read the files again and apply what differs; an invalid file changes nothing.',
  '.SH ENVIRONMENT',
  '.TP',
  '.B NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID',
  'Of a systemd service of Type=notify; see sd_notify(3).',
  '.TP',
  '.B DEBUG',
  text('ospf:* prints what the library does to standard error.'),
  '.SH FILES',
  '.TP',
  '.I /run/ospf\\-speaker.sock',
  'The control socket, unless it is said otherwise.',
  '.SH "EXIT STATUS"',
  '0 after a signal or when all went well, 1 when the machine or a running speaker refused, 2 for words or files with errors.',
  '.SH "SEE ALSO"',
  '.BR systemd.service (5),',
  '.BR ip\\-route (8),',
  '.BR ipvsadm (8)',
  '',
].join('\n')

if (process.argv[2] === undefined) process.stdout.write(page)
else {
  mkdirSync(dirname(process.argv[2]), { recursive: true })
  writeFileSync(process.argv[2], page)
}
