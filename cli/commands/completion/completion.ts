import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { commandTable } from '../../command-table.js';
import { candidates } from './candidates.js';
import { lockedNames } from './locked-names.js';

const BASH = `# bash completion for prov
_prov() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" word
  COMPREPLY=()
  while IFS= read -r word; do
    [[ "$word" == "$cur"* ]] && COMPREPLY+=("$word")
  done < <("\${COMP_WORDS[0]}" completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _prov prov provisioning
`;

const ZSH = `#compdef prov provisioning
_prov() {
  local -a found
  found=("\${(@f)$("\${words[1]}" completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found" ]]; then compadd -a found; else _files; fi
}
compdef _prov prov provisioning
`;

const FISH = `# fish completion for prov
function __prov_words
  set -l typed (commandline -opc) (commandline -ct)
  $typed[1] completion words -- $typed[2..-1] 2>/dev/null
end
complete -c prov -a '(__prov_words)'
complete -c provisioning -a '(__prov_words)'
`;

const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

export async function run(context: CommandContext, { args, rest }: CommandInput): Promise<CommandOutput> {
  const shell = args[0];
  if (shell === undefined) throw whichShell(context.env['SHELL']);
  if (shell === 'words') {
    const words = candidates(commandTable, rest, () => lockedNames(context.cwd));
    return { data: words, text: words.join('\n') };
  }
  const script = SCRIPTS[shell];
  if (script === undefined)
    throw new ProvError('CLI_USAGE', {
      reason: `there is no completion for "${shell}"`,
      hint: `Known are ${Object.keys(SCRIPTS).join(', ')}.`,
    });
  return { data: { shell, script }, text: script };
}

/** The shell of whoever asks, in full, when it is one of those that are known. */
function whichShell(path = ''): ProvError {
  const own = path.slice(path.lastIndexOf('/') + 1);
  const shell = own in SCRIPTS ? own : 'bash';
  const loads: Readonly<Record<string, string>> = {
    bash: 'source <(prov completion bash)',
    zsh: 'source <(prov completion zsh)',
    fish: 'prov completion fish | source',
  };
  return new ProvError('CLI_USAGE', {
    reason: `for which shell? Known are ${Object.keys(SCRIPTS).join(', ')}`,
    hint: `To try it in ${shell} now: ${loads[shell]}. prov completion --help says where to keep it.`,
  });
}
