import { execFileSync } from 'node:child_process'
import { Command } from 'commander'
import t from 'tap'
import { commands } from '../../lib/cli/commands.ts'
import { completionScript, completions, wordsOf } from '../../lib/cli/completion.ts'

const program = new Command('x')
program.command('run').option('--frr <file>').option('--socket <path>')
program.command('real-server').command('start').option('--mode <mode>')
const table = completions(commands, wordsOf(program))

t.test('the table of commands, word by word', async (t) => {
  t.strictSame(table.get('show ip'), ['ospf', 'route'])
  t.ok(table.get('')?.includes('run'))
  t.ok(table.get('')?.includes('show'))
  t.strictSame(table.get('show ip ospf neighbor *'), ['all', 'detail', 'json'])
  t.ok(table.get('force *')?.includes('auto'))
  t.throws(() => completionScript('tcsh', table), { name: 'UsageError' })
})

t.test('bash completes from it', async (t) => {
  const complete = (...words: string[]): string[] => {
    const quoted = words.map((word) => `'${word}'`).join(' ')
    const script = `${completionScript('bash', table)}
COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _ospf_speaker; printf '%s\\n' "\${COMPREPLY[@]}"`
    return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).split('\n').filter(Boolean)
  }
  t.strictSame(complete('ospf-speaker', 'sh'), ['show'])
  t.strictSame(complete('ospf-speaker', 'show', 'ip', ''), ['ospf', 'route'])
  t.strictSame(complete('ospf-speaker', 'show', 'ip', 'ospf', 'neighbor', '10.0.0.1', 'd'), [
    'detail',
  ])
  t.strictSame(complete('ospf-speaker', 'force', '10.0.0.1', 'u'), ['up'])
  t.strictSame(complete('ospf-speaker', 'nothing', ''), [])
  t.strictSame(complete('ospf-speaker', 'run', '--'), ['--frr', '--socket', '--help'])
  t.strictSame(complete('ospf-speaker', 'run', 'lb.yaml', '--so'), ['--socket'])
  t.strictSame(complete('ospf-speaker', 'real-server', ''), ['start'])
  t.strictSame(complete('ospf-speaker', 'real-server', 'start', '--m'), ['--mode'])
})

t.test('the others have the same words', async (t) => {
  for (const shell of ['zsh', 'fish']) {
    const script = completionScript(shell, table)
    for (const word of ['border-routers', 'what-if', 'running-config']) t.match(script, word)
  }
})
