import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { catalogue } from '#base';
import { commandTable } from './command-table.js';
import { buildProgram } from './program.js';

test('every command, argument and option says what it is for', () => {
  for (const { path, summary, args = [], options = [] } of commandTable) {
    const name = path.join(' ');
    assert.match(summary, /^[a-z].*[^.]$/, name);
    for (const argument of args) assert.notEqual(argument.summary, '', `${name} ${argument.name}`);
    for (const option of options) assert.notEqual(option.summary, '', `${name} ${option.flags}`);
    assert.equal(new Set(options.map(({ flags }) => flags)).size, options.length, name);
  }
});

test('every command shows how it is called, with words that it understands', () => {
  for (const spec of commandTable) {
    const name = spec.path.join(' ');
    assert.ok(spec.examples !== undefined && spec.examples.length > 0, `${name} has no example`);
    const options = new Set(
      (spec.options ?? []).flatMap(({ flags }) => flags.match(/--[a-z][a-z-]*/g) ?? []),
    );
    const global = ['--out', '--format', '--quiet', '--debug', '--help'];
    for (const example of spec.examples ?? []) {
      const own = example.replace(/^(?:[A-Z_]+=\S+ )+/, '');
      const names = [spec.path, ...(spec.aliases ?? [])].map((path) => `prov ${path.join(' ')}`);
      assert.ok(
        names.some((each) => own === each || own.startsWith(`${each} `) || own.includes(`| ${each} `)),
        `${name}: ${example}`,
      );
      for (const [flag] of own.matchAll(/(?<= )--[a-z][a-z-]*/g))
        assert.ok(options.has(flag) || global.includes(flag), `${example}: ${flag} is no option of ${name}`);
    }
  }
});

test('every group that help shows says what it is about', () => {
  const program = buildProgram(async () => {});
  const shown = program.createHelp().visibleCommands(program);
  assert.deepEqual(
    shown.filter((command) => command.description() === '').map((command) => command.name()),
    [],
  );
});

test('the help of every group lists commands, also where all of them are other names', () => {
  const program = buildProgram(async () => {});
  for (const name of ['oci', 'lock', 'ext', 'dep']) {
    const group = program.commands.find((each) => each.name() === name)!;
    const shown = group.createHelp().visibleCommands(group);
    assert.notEqual(group.description(), '', name);
    assert.ok(shown.filter((each) => each.name() !== 'help').length > 1, name);
  }
});

test('a group built alone is the same as among all', () => {
  for (const group of buildProgram(async () => {}).commands) {
    const [alone, ...others] = buildProgram(async () => {}, { part: [group.name()] }).commands;
    assert.deepEqual(others, []);
    assert.equal(alone?.helpInformation(), group.helpInformation());
    assert.deepEqual(
      alone?.commands.map((each) => each.helpInformation()),
      group.commands.map((each) => each.helpInformation()),
    );
  }
});

test('a command built alone is the same as among all', () => {
  const found = (program: Command, path: readonly string[]) =>
    path.reduce<Command | undefined>(
      (at, name) => at?.commands.find((each) => each.name() === name),
      program,
    );
  const all = buildProgram(async () => {});
  for (const path of commandTable.flatMap((spec) => [spec.path, ...(spec.aliases ?? [])])) {
    const alone = found(
      buildProgram(async () => {}, { part: path }),
      path,
    );
    assert.equal(alone?.helpInformation(), found(all, path)?.helpInformation(), path.join(' '));
  }
});

test('no two commands have the same name', () => {
  const names = commandTable.flatMap(({ path, aliases = [] }) =>
    [path, ...aliases].map((each) => each.join(' ')),
  );
  assert.deepEqual(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  );
});

test('every command that an example or a hint of an error tells to run is there', () => {
  const names = commandTable.flatMap(({ path, aliases = [] }) =>
    [path, ...aliases].map((each) => each.join(' ')),
  );
  const texts = [
    ...Object.values(catalogue).map(({ hint }) => hint),
    ...commandTable.flatMap(({ examples = [] }) =>
      examples.map((line) => `run ${line.replace(/^[A-Z_]+=\S+ /, '')}`),
    ),
  ];
  const told = texts.flatMap((text) => [
    ...text.matchAll(/(?:[Rr]un |with |`)prov ([a-z]+)(?: ([a-z-]+))?/g),
  ]);
  assert.ok(told.length > 20);
  const missing = told
    .filter(
      ([, first, second]) =>
        !names.some((name) => `${name} `.startsWith(`${first} ${second} `)) && !names.includes(first!),
    )
    .map(([whole]) => whole);
  assert.deepEqual([...new Set(missing)], []);
});
