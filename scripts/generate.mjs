// Writes what is derived from the code: JSON Schemas, docs/errors.md, docs/reference/cli.md, the room graph and
// THIRD-PARTY-NOTICES.md. With --check it writes nothing and fails when a file on disk differs.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = new URL('..', import.meta.url).pathname;
process.chdir(root);
const check = process.argv.includes('--check');
const load = (path) => import(pathToFileURL(join(root, path)).href);

const files = new Map();

async function jsonSchemas() {
  const z = await import('zod');
  const schemas = await load('build/schemas/index.js');
  const published = {
    'manifest.schema.json': [schemas.extensionManifestSchema, 'manifest.yaml of an extension'],
    'provisioning.schema.json': [schemas.provisioningFileSchema, 'config/provisioning.yaml of a workspace'],
    'infra-settings.schema.json': [schemas.infraSettingsSchema, 'infra/NAME/settings.yaml of a workspace'],
    'lock.schema.json': [schemas.lockSchema, 'prov.lock'],
    'index.schema.json': [schemas.indexDocumentSchema, 'package index'],
    'resolution-failure.schema.json': [schemas.resolutionFailureSchema, 'why there is no resolution'],
    'status.schema.json': [schemas.statusDocumentSchema, 'lifecycle status of a version'],
    'closure.schema.json': [schemas.closureDocumentSchema, 'answer of POST /api/v1/closure'],
    'contents.schema.json': [schemas.contentsDocumentSchema, 'answer of POST /api/v1/contents'],
    'script-event.schema.json': [schemas.scriptEventSchema, "one line of a script's stdout"],
    'event.schema.json': [schemas.commandEventSchema, 'one line of --out ndjson'],
    'service.schema.json': [schemas.serviceDefinitionSchema, 'a service that a provider supervises'],
  };
  for (const [name, [schema, title]] of Object.entries(published)) {
    const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', target: 'draft-2020-12' });
    files.set(`schemas/json/${name}`, `${JSON.stringify({ ...json, title }, null, 2)}\n`);
  }
}

async function errors() {
  const { catalogue, EXIT } = await load('build/base/index.js');
  const cell = (text) =>
    text
      .replaceAll('|', '\\|')
      .replaceAll('\n', ' ')
      .replace(/\{(\w+)\}/g, '‹$1›');
  const exits = ({ exit, exitByReason = {} }) =>
    [EXIT[exit], ...Object.entries(exitByReason).map(([reason, name]) => `${EXIT[name]} for ${reason}`)].join(
      ', ',
    );
  const rooms = new Map();
  for (const [code, entry] of Object.entries(catalogue)) {
    const room = code.split('_')[0];
    rooms.set(room, [...(rooms.get(room) ?? []), [code, entry]]);
  }
  const lines = [
    '# Errors',
    '',
    'Every error of prov: a stable code, what it means, what to do, and the exit code of the command. Generated from the catalogue in `base/errors/catalogue/`.',
    '',
  ];
  lines.push('| exit | meaning |', '|---|---|');
  const meanings = {
    ok: 'done',
    failed: 'failed',
    usage: 'wrong usage',
    configuration: 'configuration',
    permission: 'permission or authentication',
    notFound: 'not found',
    refused: 'verification or policy refused',
    noResolution: 'no resolution',
    lockStale: 'lock out of date',
    network: 'network',
    partial: 'partly done',
    conflict: 'conflict',
    differences: 'differences found (only with `--exit-code`)',
    bug: 'a bug in prov',
    interrupted: 'interrupted',
    terminated: 'terminated',
  };
  for (const [name, code] of Object.entries(EXIT)) lines.push(`| ${code} | ${meanings[name]} |`);
  for (const [room, entries] of [...rooms].sort()) {
    lines.push(
      '',
      `## ${room.toLowerCase()}`,
      '',
      '| code | message | hint | exit | HTTP | worth retrying |',
      '|---|---|---|---|---|---|',
    );
    for (const [code, entry] of entries.sort(([a], [b]) => (a < b ? -1 : 1))) {
      lines.push(
        `| <a id="${code.toLowerCase()}"></a>\`${code}\` | ${cell(entry.message)} | ${cell(entry.hint)} | ${exits(entry)} | ${entry.http ?? ''} | ${entry.retryable ? 'yes' : ''} |`,
      );
    }
  }
  files.set('docs/errors.md', `${lines.join('\n')}\n`);
}

async function cliReference() {
  const { commandTable } = await load('build/cli/command-table.js');
  const lines = [
    '# Commands',
    '',
    'Generated from the command table in `cli/`. Every command also takes `--out text|json|yaml|table|ndjson`, `--quiet`, `--debug` and `--help`.',
    '',
  ];
  for (const spec of commandTable) {
    const args = (spec.args ?? []).map(({ name, optional, variadic }) =>
      optional ? `[${name}${variadic ? '…' : ''}]` : `<${name}${variadic ? '…' : ''}>`,
    );
    lines.push(
      `## prov ${spec.path.join(' ')}`,
      '',
      `${spec.summary[0].toUpperCase()}${spec.summary.slice(1)}.${spec.details ? ` ${spec.details}` : ''}`,
      '',
      '```',
      ['prov', ...spec.path, ...args].join(' '),
      '```',
      '',
    );
    if (spec.aliases?.length)
      lines.push(`Also: ${spec.aliases.map((path) => `\`prov ${path.join(' ')}\``).join(', ')}.`, '');
    const rows = [
      ...(spec.args ?? []).map(({ name, summary }) => [`<${name}>`, summary]),
      ...(spec.options ?? []).map((option) => [
        option.flags,
        `${option.summary}${option.choices ? ` (${option.choices.join(', ')})` : ''}${option.default === undefined ? '' : ` [${option.default}]`}`,
      ]),
    ];
    if (rows.length > 0)
      lines.push(
        '| | |',
        '|---|---|',
        ...rows.map(([name, summary]) => `| \`${name}\` | ${summary.replaceAll('|', '\\|')} |`),
        '',
      );
    if (spec.examples?.length) lines.push('```', ...spec.examples, '```', '');
  }
  files.set('docs/reference/cli.md', `${lines.join('\n').trimEnd()}\n`);
}

function roomGraph() {
  const rooms = JSON.parse(readFileSync('docs/architecture/rooms.json', 'utf8'));
  const lines = [
    '# Rooms',
    '',
    'Who may import whom. Generated from `rooms.json`, which the architecture test enforces.',
    '',
    '| room | rooms it may use | packages it may use |',
    '|---|---|---|',
  ];
  for (const [room, { rooms: uses, packages }] of Object.entries(rooms))
    lines.push(
      `| \`${room}\` | ${uses.map((name) => `\`${name}\``).join(' ') || 'none'} | ${packages.map((name) => `\`${name}\``).join(' ') || 'none'} |`,
    );
  files.set('docs/architecture/rooms.md', `${lines.join('\n')}\n`);
}

function notices() {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const metaPath = 'build/bundle-meta.json';
  if (!existsSync(metaPath)) throw new Error('build first: npm run build');
  const inputs = Object.keys(JSON.parse(readFileSync(metaPath, 'utf8')).inputs);
  const bundled = new Set(
    inputs.map((path) => /^.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]).filter(Boolean),
  );
  const lines = [
    '# Third-party software in the bundle',
    '',
    'The files under `dist/` contain parts of these packages, each under its own licence. Generated from the bundle.',
    '',
  ];
  for (const name of [...bundled].sort()) {
    const entry =
      lock.packages[`node_modules/${name}`] ??
      Object.entries(lock.packages).find(([path]) => path.endsWith(`node_modules/${name}`))?.[1];
    lines.push(`- ${name} ${entry?.version ?? ''} (${entry?.license ?? 'see its package'})`);
  }
  const texts = [];
  for (const name of [...bundled].sort()) {
    const folder = join('node_modules', name);
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'LICENCE', 'LICENSE-MIT', 'License.txt']
      .map((each) => join(folder, each))
      .find(existsSync);
    if (file)
      texts.push(
        `## ${name}`,
        '',
        '```',
        readFileSync(file, 'utf8')
          .trim()
          .replace(/\r/g, '')
          .replace(/[ \t]+$/gm, ''),
        '```',
        '',
      );
  }
  files.set('THIRD-PARTY-NOTICES.md', `${lines.join('\n')}\n\n${texts.join('\n').trimEnd()}\n`);
}

await jsonSchemas();
await errors();
await cliReference();
roomGraph();
notices();
let stale = 0;
for (const [path, text] of files) {
  const current = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  if (current === text) continue;
  stale += 1;
  if (check) {
    console.error(`${path} is out of date: run npm run docs`);
    continue;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(`wrote ${path}`);
}
process.exit(check && stale > 0 ? 1 : 0);
