import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ProvError, writeFileAtomic } from '#base';
import { DEFAULT_NAMESPACE, DEFAULT_REGISTRY, isWorkspaceName, type Mode, parseReference } from '#schemas';
import type { ServerPlan } from '#workspace';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { listOption, textOption } from '../../options.js';
import { parseRequirement } from '../dep/requirement.js';
import { namingKeyFile } from '../ext/shared.js';

export async function run(context: CommandContext, { args, options }: CommandInput): Promise<CommandOutput> {
  const root = resolve(context.cwd, args[0]!);
  const trustKey = textOption(options, 'trustKey');
  const publicKey =
    trustKey === undefined
      ? undefined
      : await namingKeyFile(
          trustKey,
          context,
          async (pem) => (await import('#trust')).loadPublicKey(pem).pem,
        );
  const { initWorkspace, setRegistry, setRequirement } = await import('#workspace');
  const registries = (
    listOption(options, 'registry').length > 0
      ? listOption(options, 'registry')
      : [`default=${DEFAULT_REGISTRY}/${DEFAULT_NAMESPACE}`]
  ).map(parseRegistry);
  const requirements = listOption(options, 'require').map(parseRequirement);
  const result = await initWorkspace(root, {
    name: textOption(options, 'name') ?? basename(root),
    mode: textOption(options, 'mode') as Mode,
    registry: registries[0]!,
    infra: textOption(options, 'infra') ?? 'dev',
    provider: textOption(options, 'provider') ?? 'local',
    requirements: [],
    servers: listOption(options, 'server').map(parseServer),
    signal: context.signal,
  });
  for (const registry of registries) await setRegistry(root, registry);
  for (const { kind, name, range, namespace } of requirements)
    await setRequirement(root, { kind, name, range, namespace });
  const created = [...result.created];
  if (publicKey !== undefined && (await writeTrust(root, publicKey)))
    created.push('config/trust-policy.yaml');
  return {
    data: { root, created },
    text:
      created.length === 0
        ? `${root} is a workspace already; nothing to add`
        : `workspace at ${root}\n${created.map((path) => `  ${path}`).join('\n')}`,
  };
}

/** `ID=HOST[:PORT][/NAMESPACE]` */
function parseRegistry(text: string): { id: string; url: string; namespace: string } {
  const match = /^([a-z0-9][a-z0-9._-]{0,62})=(?:[a-z]+:\/\/)?([^/]+)(?:\/(.*))?$/.exec(text);
  if (!match)
    throw new ProvError('CLI_USAGE', {
      reason: `"${text}" is not a registry`,
      hint: 'Write ID=HOST[:PORT][/NAMESPACE], for example main=localhost:5000/acme.',
    });
  const namespace = match[3] ?? DEFAULT_NAMESPACE;
  parseReference(`oci://${match[2]}/${namespace === '' ? 'xx' : `${namespace}/xx`}`);
  return { id: match[1]!, url: match[2]!, namespace };
}

/** `NAME=EXTENSION,…` with clusters written `cluster:NAME`. */
function parseServer(text: string): ServerPlan {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  const items =
    at < 0
      ? []
      : text
          .slice(at + 1)
          .split(',')
          .filter((item) => item !== '');
  if (!isWorkspaceName(name))
    throw new ProvError('CLI_USAGE', {
      reason: `"${text}" is not a server`,
      hint: 'Write NAME=EXTENSION,… with letters, digits, dot, dash and underscore in NAME.',
    });
  const clusters = items
    .filter((item) => item.startsWith('cluster:'))
    .map((item) => item.slice('cluster:'.length));
  return { name, taskservs: items.filter((item) => !item.startsWith('cluster:')), clusters };
}

/** A policy that accepts exactly what this key signed. Kept as it is when there is one already. */
async function writeTrust(root: string, publicKey: string): Promise<boolean> {
  const { toYaml } = await import('../../present/to-yaml.js');
  const path = join(root, 'config', 'trust-policy.yaml');
  const text = toYaml({
    apiVersion: 'prov.dev/trust/v1',
    version: 1,
    default: 'deny',
    keys: { publisher: { pem: publicKey, status: 'active' } },
    principals: { publisher: { keys: ['publisher'] } },
    rules: [{ match: { repository: '**' }, require: [{ signature: { by: 'publisher' } }] }],
  });
  const current = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (current === text) return false;
  if (current !== undefined)
    throw new ProvError('CLI_FILE_EXISTS', { path, hint: 'Edit the policy by hand, or remove it first.' });
  writeFileAtomic(path, text);
  return true;
}
