import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ResolutionFailure, type ResolveOptions, resolve } from '#resolver';
import { openWorkspace, type Workspace } from '#workspace';
import { memorySource, NAMESPACE, REGISTRY } from '../../resolver/testing/memory-source.js';
import type { Situation } from './situations.js';

/** `config/provisioning.yaml` of a situation; requirements are on their lines from line 8 on. */
export function provisioningText(situation: Situation, url = 'registry.test', namespace = NAMESPACE): string {
  const { asks, platforms, prerelease, overrides = {} } = situation;
  const resolution = [
    ...(platforms === undefined ? [] : [`  platforms: [${platforms.join(', ')}]`]),
    ...(prerelease === undefined ? [] : [`  prerelease: ${prerelease}`]),
    ...(Object.keys(overrides).length === 0 ? [] : ['  overrides:']),
    ...Object.entries(overrides).map(([name, range]) => `    ${name}: "${range}"`),
  ];
  return [
    'schema: 1',
    'workspace: { name: shop }',
    `registries: [{ id: ${REGISTRY}, url: "${url}", namespace: ${namespace} }]`,
    'dependencies:',
    '  extensions:',
    '    modules:',
    '      taskservs:',
    ...Object.entries(asks).map(([name, range]) => `        ${name}: "${range}"`),
    ...(resolution.length === 0 ? [] : ['resolution:', ...resolution]),
    '',
  ].join('\n');
}

export async function situationWorkspace(root: string, text: string): Promise<Workspace> {
  mkdirSync(join(root, 'config'), { recursive: true });
  writeFileSync(join(root, 'config/provisioning.yaml'), text);
  return openWorkspace(root, { env: {}, homeDir: join(root, 'home'), systemConfigDir: join(root, 'none') });
}

/** What the resolver is asked in a situation. */
export function situationOptions(situation: Situation, workspace: Workspace): ResolveOptions {
  const { platforms, prerelease, overrides = {} } = situation;
  const file = 'config/provisioning.yaml';
  const text = provisioningText(situation).split('\n');
  const lineOf = (name: string, range: string) =>
    text.findIndex((line) => line.trim() === `${name}: "${range}"`) + 1;
  return {
    requirements: workspace.requirements.map(({ registry, repository, range, kind, name }) => ({
      registry: registry!,
      repository: repository!,
      range,
      kind,
      origin: { file, line: lineOf(name, range), layer: 'workspace' },
    })),
    source: memorySource(situation.universe),
    platforms: platforms ?? ['linux/amd64'],
    provVersion: '1.0.0',
    ...(prerelease && { prerelease }),
    overrides: Object.entries(overrides).map(([name, range]) => ({
      registry: REGISTRY,
      repository: `${NAMESPACE}/${name}`,
      range,
      origin: { file, line: lineOf(name, range), layer: 'workspace' },
    })),
    ...situation.options,
  };
}

/** The failure of a situation. @throws when it has a solution after all. */
export async function failureOf(situation: Situation, options: ResolveOptions): Promise<ResolutionFailure> {
  const result = await resolve(options);
  if (result.ok) throw new Error(`${situation.id} has a solution`);
  return result.failure;
}
