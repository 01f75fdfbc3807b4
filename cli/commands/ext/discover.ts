import { EXIT, ProvError } from '#base';
import type { DiscoverNode } from '#manager';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { countOption, listOption, pairsOption, textOption } from '../../options.js';
import { formatBytes, managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { options } = input;
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type === 'directory')
    throw new ProvError('CLI_USAGE', { reason: 'nothing is attached to a directory' });
  const annotations = pairsOption(listOption(options, 'annotation'), '--annotation');
  const { discoverReferrers } = await import('#manager');
  const result = await discoverReferrers(
    reference,
    {
      artifactType: textOption(options, 'artifactType'),
      annotations: Object.keys(annotations).length === 0 ? undefined : annotations,
      depth: countOption(options['depth'], 'depth'),
    },
    managerContext(context, input),
  );
  for (const { digest, where, reason } of result.uncertain)
    context.note(`what is attached to ${digest} in ${where} is not certain: ${reason}`);
  return {
    data: result,
    text: [result.reference, ...treeLines(result.tree.nodes, '')].join('\n'),
    table: { columns: ['relation', 'artifact type', 'size', 'digest'], rows: rowsOf(result.tree.nodes, 0) },
    ...(result.uncertain.length === 0 ? {} : { exit: EXIT.partial }),
  };
}

function treeLines(nodes: readonly DiscoverNode[], indent: string): readonly string[] {
  return nodes.flatMap((node, i) => {
    const last = i === nodes.length - 1;
    const below = `${indent}${last ? '   ' : '│  '} `;
    return [
      `${indent}${last ? '└──' : '├──'} ${nameOf(node)}`,
      `${below}${node.nodes.length === 0 ? '   ' : '│  '} ${node.digest} (${formatBytes(node.size)})`.trimEnd(),
      ...treeLines(node.nodes, below),
    ];
  });
}

function nameOf({ relation, artifactType, mediaType, platform, tag }: DiscoverNode): string {
  const what = artifactType ?? mediaType;
  if (relation === 'child') return `${what}, child${platform === undefined ? '' : ` for ${platform}`}`;
  return tag === undefined ? what : `${what}, tag ${tag.replace(/^.*\./, '….')}`;
}

function rowsOf(nodes: readonly DiscoverNode[], depth: number): readonly (readonly string[])[] {
  return nodes.flatMap(({ relation, artifactType, mediaType, size, digest, nodes: below }) => [
    [`${'  '.repeat(depth)}${relation}`, artifactType ?? mediaType, String(size), digest],
    ...rowsOf(below, depth + 1),
  ]);
}
