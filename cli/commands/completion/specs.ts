import type { CommandSpec } from '../../command.js';

export const completionCommands: readonly CommandSpec[] = [
  {
    path: ['completion'],
    summary: 'print a script that completes commands in a shell',
    details:
      'The script asks prov itself, so it fits the version that is installed. With "words" it prints what could follow the words after --.',
    args: [
      { name: 'shell', summary: 'bash, zsh or fish (or words)', optional: true },
      { name: 'word', summary: 'what was typed so far, for words', optional: true, variadic: true },
    ],
    examples: [
      'prov completion bash > ~/.local/share/bash-completion/completions/prov',
      'prov completion zsh > ~/.zfunc/_prov',
      'prov completion fish > ~/.config/fish/completions/prov.fish',
    ],
    load: () => import('./completion.js'),
  },
];
