import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { catalogue } from '#base';
import { commandTable } from '../../cli/command-table.js';
import { projectRoot } from '../support/project.js';
import { anchors, fences, markdownFiles, readMarkdown, withoutFences } from './markdown.js';

const files = markdownFiles();

test('links between documents lead somewhere', () => {
  const broken: string[] = [];
  let seen = 0;
  for (const file of files) {
    for (const [, target] of withoutFences(readMarkdown(file)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      seen += 1;
      const [path = '', anchor] = target!.split('#');
      const to = path === '' ? file : normalize(join(dirname(file), path));
      const there = existsSync(join(projectRoot, to));
      if (!there || (anchor !== undefined && to.endsWith('.md') && !anchors(readMarkdown(to)).has(anchor)))
        broken.push(`${file}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
  assert.ok(seen > 30);
});

/** Pages that others link to by path in plain text: READMEs, docstrings, hints. */
test('pages named as docs/… exist', () => {
  const missing = files.flatMap((file) =>
    [...readMarkdown(file).matchAll(/\bdocs\/[a-z]+\/[\w-]+\.(?:md|json)\b/g)]
      .map(([path]) => path)
      .filter((path) => !existsSync(join(projectRoot, path)))
      .map((path) => `${file}: ${path}`),
  );
  const hints = Object.entries(catalogue).flatMap(([code, { hint }]) =>
    [...hint.matchAll(/\bdocs\/[\w/-]+\.md\b/g)]
      .filter(([path]) => !existsSync(join(projectRoot, path)))
      .map(([path]) => `${code}: ${path}`),
  );
  assert.deepEqual([...missing, ...hints], []);
});

test('error codes that documents mention are in the catalogue', () => {
  const rooms = new Set(Object.keys(catalogue).map((code) => code.split('_')[0]));
  const unknown: string[] = [];
  for (const file of files.filter((each) => each !== 'THIRD-PARTY-NOTICES.md')) {
    for (const [code] of readMarkdown(file).matchAll(/\b[A-Z]+(?:_[A-Z0-9]+){2,}\b/g)) {
      // A variable of podman's, not a code.
      if (code === 'REGISTRY_AUTH_FILE') continue;
      if (rooms.has(code.split('_')[0]!) && !Object.hasOwn(catalogue, code)) unknown.push(`${file}: ${code}`);
    }
  }
  assert.deepEqual(unknown, []);
});

test('commands that documents show exist', () => {
  const known = new Set(
    commandTable.flatMap(({ path, aliases = [] }) => [path, ...aliases]).map((path) => path.join(' ')),
  );
  const groups = new Set([...known].map((path) => path.split(' ')[0]!));
  const unknown: string[] = [];
  for (const file of files) {
    const text = readMarkdown(file);
    const inline = [...withoutFences(text).matchAll(/`(prov [^`\n]+)`/g)];
    const lines = fences(text).flatMap((fence) => [...fence.matchAll(/^(?:\$ )?(prov [^\n]+)$/gm)]);
    for (const [, command] of [...inline, ...lines]) {
      const match = /^prov ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?(?: ([a-z][a-z-]*))?/.exec(command!);
      if (match === null) continue;
      const [, first, second, third] = match;
      if (
        !known.has(first!) &&
        !known.has(`${first} ${second}`) &&
        !known.has(`${first} ${second} ${third}`) &&
        !(groups.has(first!) && second === undefined)
      )
        unknown.push(`${file}: ${command}`);
    }
  }
  assert.deepEqual(unknown, []);
});

test('options that documents show are options of their commands', () => {
  const known = new Map(
    commandTable.flatMap((spec) =>
      [spec.path, ...(spec.aliases ?? [])].map((path) => [path.join(' '), spec] as const),
    ),
  );
  const everywhere = ['--out', '--format', '--quiet', '--debug', '--help'];
  const unknown: string[] = [];
  let seen = 0;
  for (const file of files) {
    const text = readMarkdown(file);
    const inline = [...withoutFences(text).matchAll(/`(prov [^`\n]+)`/g)];
    const lines = fences(text).flatMap((fence) => [...fence.matchAll(/^(?:\$ )?(prov [^\n|;&#]+)/gm)]);
    for (const [, command] of [...inline, ...lines]) {
      const words = command!.split(/\s+/).slice(1);
      const spec = [3, 2, 1].map((count) => known.get(words.slice(0, count).join(' '))).find(Boolean);
      if (spec === undefined) continue;
      const flags = (spec.options ?? []).flatMap((option) => option.flags.match(/--[a-z][a-z-]*/g) ?? []);
      for (const [flag] of command!.matchAll(/(?<=\s)--[a-z][a-z-]*/g)) {
        seen += 1;
        if (!flags.includes(flag) && !everywhere.includes(flag)) unknown.push(`${file}: ${command}: ${flag}`);
      }
    }
  }
  assert.deepEqual(unknown, []);
  assert.ok(seen > 50);
});

test('the README shows the two commands, and the command of the tests is the one that CI runs', () => {
  const readme = readMarkdown('README.md');
  assert.match(readme, /^ {4}npm ci && npm run quickstart +# the main job$/m);
  assert.match(readme, /^ {4}npm ci && npm test +# the tests$/m);
  const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const shown = [...readMarkdown('CONTRIBUTING.md').matchAll(/`npm run ([\w:]+)`/g)].map(([, name]) => name!);
  assert.deepEqual(
    shown.filter((name) => scripts[name] === undefined),
    [],
  );
});

test('each error has its line in docs/errors.md', () => {
  const ids = anchors(readMarkdown('docs/errors.md'));
  assert.deepEqual(
    Object.keys(catalogue).filter((code) => !ids.has(code.toLowerCase())),
    [],
  );
});

test('no document names a path or a host of one machine', () => {
  const found = files.flatMap((file) =>
    [...readMarkdown(file).matchAll(/\/(?:home|Users|root|work)\/[\w.-]+|registry\.npmjs\.org/g)].map(
      ([text]) => `${file}: ${text}`,
    ),
  );
  assert.deepEqual(found, []);
});
