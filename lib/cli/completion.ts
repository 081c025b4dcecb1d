/** Shell completion, made from the table of commands: what can come after which words. */
import type { Choice, Grammar, Syntax } from './grammar.ts'
import { UsageError } from './grammar.ts'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** By the words so far, '*' for an argument: the words that can come next. */
export function completions<C extends Syntax>(
  grammar: Grammar<C>,
  more: Readonly<Record<string, readonly string[]>> = {},
): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  const isWord = ({ token }: Choice): boolean => /^[a-z]/.test(token)
  const visit = (path: readonly string[]): void => {
    const choices = grammar.next(path).filter(({ token }) => token !== '<cr>')
    const key = path.map((token) => (/^[a-z]/.test(token) ? token : '*')).join(' ')
    const words = choices.filter(isWord).map(({ token }) => token)
    found.set(key, [...new Set([...(found.get(key) ?? []), ...words])])
    for (const { token } of choices) visit([...path, sample(token)])
  }
  visit([])
  for (const [key, words] of Object.entries(more)) {
    found.set(key, [...new Set([...(found.get(key) ?? []), ...words])])
  }
  return found
}

/** What a program's commands have beside the table: those within others, and options, by 'COMMAND -'. */
export function wordsOf(program: Program, path: readonly string[] = []): Record<string, string[]> {
  const options = program.options.flatMap(({ long }) => long ?? [])
  const own = path.length === 0 ? {} : { [[...path, '-'].join(' ')]: [...options, '--help'] }
  const within = program.commands.map((command) => wordsOf(command, [...path, command.name()]))
  const names = program.commands.map((command) => command.name())
  return Object.assign({ [path.join(' ')]: names }, own, ...within) as Record<string, string[]>
}

/** As much of commander's as is asked. */
interface Program {
  readonly commands: readonly Program[]
  readonly options: readonly { readonly long?: string | undefined }[]
  name(): string
}

/** Something that an argument takes, and no word of a command begins with. */
const samples: Readonly<Record<string, string>> = {
  'A.B.C.D': '10.0.0.1',
  'A.B.C.D/M': '10.0.0.0/8',
  COUNT: '1',
  IFNAME: 'ETH0',
  WORD: 'WORD',
}
const sample = (token: string): string => samples[token] ?? token

/** A script for the shell to read. Throws UsageError for another shell. */
export function completionScript(
  shell: string,
  table: ReadonlyMap<string, readonly string[]>,
): string {
  const rows = [...table].filter(([, words]) => words.length > 0)
  switch (shell) {
    case 'bash':
      return bash(rows)
    case 'zsh':
      return zsh(rows)
    case 'fish':
      return fish(rows)
    default:
      throw new UsageError(`completion: '${shell}' is none of ${shells.join(', ')}`)
  }
}

type Rows = readonly (readonly [path: string, words: readonly string[]])[]

const pairs = (rows: Rows): string =>
  rows.map(([path, words]) => `  ["/${path}"]="${words.join(' ')}"`).join('\n')

const bash = (
  rows: Rows,
): string => `# bash completion for ospf-speaker: source <(ospf-speaker completion bash)
declare -gA _ospf_speaker_next=(
${pairs(rows)}
)
_ospf_speaker() {
  local path="" i word key said="\${COMP_WORDS[COMP_CWORD]}"
  if [[ "$said" == -* ]]; then
    key="/\${COMP_WORDS[1]} \${COMP_WORDS[2]} -"
    [[ -n "\${_ospf_speaker_next[$key]+set}" ]] || key="/\${COMP_WORDS[1]} -"
    mapfile -t COMPREPLY < <(compgen -W "\${_ospf_speaker_next[$key]}" -- "$said")
    return
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    key="/\${path:+$path }$word"
    if [[ -z "\${_ospf_speaker_next[$key]+set}" ]]; then
      [[ " \${_ospf_speaker_next["/$path"]} " == *" $word "* ]] || word="*"
    fi
    path="\${path:+$path }$word"
  done
  mapfile -t COMPREPLY < <(compgen -W "\${_ospf_speaker_next["/$path"]}" -- "$said")
}
complete -o default -F _ospf_speaker ospf-speaker
`

const zsh = (rows: Rows): string => `#compdef ospf-speaker
# zsh completion for ospf-speaker: source <(ospf-speaker completion zsh), after compinit
typeset -gA _ospf_speaker_next
_ospf_speaker_next=(
${rows.map(([path, words]) => `  "/${path}" "${words.join(' ')}"`).join('\n')}
)
_ospf_speaker() {
  local way="" word
  local -i i
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    [[ " \${_ospf_speaker_next[/$way]} " == *" $word "* ]] || word="*"
    way="\${way:+$way }$word"
  done
  local -a choices=(\${=_ospf_speaker_next[/$way]})
  (( \${#choices} )) && compadd -a choices || _files
}
compdef _ospf_speaker ospf-speaker
`

const fish = (
  rows: Rows,
): string => `# fish completion for ospf-speaker: ospf-speaker completion fish | source
function __ospf_speaker_next
  switch "/$argv[1]"
${rows.map(([path, words]) => `    case "/${path.replaceAll('*', '\\*')}"\n      printf '%s\\n' ${words.join(' ')}`).join('\n')}
  end
end
function __ospf_speaker
  set -l way ""
  set -l said (commandline -opc)
  for word in $said[2..-1]
    if not contains -- $word (__ospf_speaker_next "$way")
      set word "*"
    end
    set way (string trim -- "$way $word")
  end
  __ospf_speaker_next "$way"
end
complete -c ospf-speaker -f -a '(__ospf_speaker)'
`
