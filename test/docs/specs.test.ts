import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse as parseToml } from 'smol-toml';
import { isProvError } from '#base';
import {
  checkYaml,
  commandEventSchema,
  configFileSchema,
  formatLock,
  indexDocumentSchema,
  infraSettingsSchema,
  parseExtensionManifest,
  parseLock,
  parseOciManifest,
  parseWire,
  parseYaml,
  provisioningFileSchema,
  SCRIPT_CONTRACT,
  SCRIPT_EXIT,
  scriptEventSchema,
  serviceDefinitionSchema,
  statusDocumentSchema,
} from '#schemas';
import { examples, markdownFiles, readMarkdown } from './markdown.js';

const REQUEST_KEYS = [
  'contract',
  'op',
  'dry_run',
  'workflow',
  'task',
  'attempt',
  'idempotency_key',
  'deadline_ms',
  'extension',
  'target',
  'config',
  'assets',
  'outputs',
];

/** How the example of each name is read by the product. */
const READERS: Readonly<Record<string, (text: string, where: string) => unknown>> = {
  manifest: (text, where) => parseExtensionManifest(text, where, '0.1.0'),
  'oci-manifest': (text) => {
    const { mediaType } = JSON.parse(text) as { mediaType: string };
    assert.equal(parseOciManifest(Buffer.from(text), mediaType).kind, 'manifest');
  },
  index: (text, where) => parseWire(indexDocumentSchema, JSON.parse(text), where),
  status: (text, where) => parseWire(statusDocumentSchema, JSON.parse(text), where),
  provisioning: (text, where) => checkYaml(parseYaml(text, where), provisioningFileSchema),
  settings: (text, where) => checkYaml(parseYaml(text, where), infraSettingsSchema),
  config: (text) => configFileSchema.parse(parseToml(text)),
  lock: (text, where) => assert.equal(formatLock(parseLock(text, where)), text),
  'script-request': (text) => {
    const request = JSON.parse(text) as Record<string, unknown>;
    assert.deepEqual(Object.keys(request), REQUEST_KEYS);
    assert.equal(request['contract'], SCRIPT_CONTRACT);
  },
  'script-lines': (text) =>
    text
      .trim()
      .split('\n')
      .map((line) => scriptEventSchema.parse(JSON.parse(line))),
  'command-events': (text) =>
    text
      .trim()
      .split('\n')
      .map((line) => commandEventSchema.parse(JSON.parse(line))),
  service: (text) => serviceDefinitionSchema.parse(JSON.parse(text)),
};

for (const file of markdownFiles().filter((each) => each.startsWith('docs/spec/'))) {
  for (const { name, line, fails, text } of examples(readMarkdown(file))) {
    const where = `${file}:${line}`;
    test(`${where}: the example of ${name} ${fails === undefined ? 'is valid' : `fails with ${fails}`}`, () => {
      const read = READERS[name];
      assert.ok(read, `no reader for examples of ${name}`);
      if (fails === undefined) read(text, where);
      else
        assert.throws(
          () => read(text, where),
          (error) => isProvError(error, fails as never),
        );
    });
  }
}

test('every page of a format has an example', () => {
  const pages = ['manifest', 'artifact', 'lock', 'workspace', 'scripts', 'bundle'];
  for (const page of pages) assert.ok(examples(readMarkdown(`docs/spec/${page}.md`)).length > 0, page);
});

test('every exit code of the script contract is on its page', () => {
  const page = readMarkdown('docs/spec/scripts.md');
  for (const code of Object.values(SCRIPT_EXIT)) assert.match(page, new RegExp(`^\\| ${code} `, 'm'));
});
