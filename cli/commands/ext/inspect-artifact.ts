import { counted, EXIT } from '#base';
import type { InspectArtifactResult, InspectedArchive } from '#manager';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { packageArgument } from './package-argument.js';
import { formatBytes, managerContext } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const source = await packageArgument(input.args[0]!, context, input);
  const { inspectArtifact } = await import('#manager');
  const result = await inspectArtifact(source, managerContext(context, input));
  return {
    data: result,
    text: textOf(result),
    table: {
      columns: ['mode', 'size', 'type', 'path', 'refused'],
      rows: result.archives.flatMap(({ entries }) =>
        entries.map(({ mode, size, type, path, refused }) => [
          octal(mode),
          String(size),
          type,
          path,
          refused ?? '',
        ]),
      ),
    },
    ...(result.findings.length === 0 ? {} : { exit: EXIT.refused }),
  };
}

function textOf({
  path,
  form,
  digest,
  artifactType,
  layers,
  archives,
  findings,
}: InspectArtifactResult): string {
  const lines = [
    `${path}`,
    `${form}${artifactType === undefined ? '' : ` of type ${artifactType}`}`,
    `digest  ${digest}`,
    ...layers.map(
      ({ digest: layer, size, mediaType }) => `layer   ${layer}  ${formatBytes(size)}  ${mediaType}`,
    ),
    ...archives.flatMap(archiveLines),
  ];
  if (findings.length === 0) return [...lines, '✓ nothing in it would be refused'].join('\n');
  return [...lines, '✗ it would be refused:', ...findings.map((finding) => `  ${finding}`)].join('\n');
}

function archiveLines({ title, treeDigest, entries, unpackedBytes }: InspectedArchive): readonly string[] {
  return [
    `archive of ${title}: ${counted(entries.length, 'entry', 'entries')}, ${formatBytes(unpackedBytes)} unpacked`,
    `tree    ${treeDigest}`,
    ...entries.map(
      ({ mode, size, path, linksTo }) =>
        `  ${octal(mode)} ${String(size).padStart(10)}  ${path}${linksTo === undefined ? '' : ` -> ${linksTo}`}`,
    ),
  ];
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
