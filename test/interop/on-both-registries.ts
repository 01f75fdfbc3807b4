import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findProgram, type ProgramName, type ProgramResult, runProgram } from '../support/programs.js';
import { isolatedEnvironment, prov, provData } from '../support/prov.js';
import {
  type DockerRegistryOptions,
  dockerRegistry,
  ownRegistry,
  type RunningRegistry,
} from '../support/registries.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

export const PASSWORD = 'correct horse';
/** Any call to another machine goes to this port of loopback, where nothing listens. */
const NOWHERE = 'http://127.0.0.1:9';

export interface ProvFailure {
  readonly code: string;
  readonly message: string;
  readonly exit: number;
  readonly details: Record<string, unknown>;
}

/** A command line of a program we did not write, its words apart by one space. */
export type CommandLine = `${ProgramName} ${string}`;

/** One registry with a directory, and the ways to run our command and the other programs in it. */
export interface Site {
  readonly registry: RunningRegistry;
  /** A path below the site's directory. */
  path(...parts: string[]): string;
  /** A second registry, ours, empty. */
  another(): Promise<RunningRegistry>;
  /** Runs our command with these words; it must succeed. Gives its data. */
  prov<T = Record<string, unknown>>(words: string, input?: string): Promise<T>;
  /** Runs our command with these words; it must fail with an error of ours. */
  provFails(words: string, input?: string): Promise<ProvFailure>;
  /** Runs a program we did not write; it must succeed. */
  run(line: CommandLine): Promise<ProgramResult>;
  /** Runs a program we did not write; it must fail. */
  fails(line: CommandLine): Promise<ProgramResult>;
}

export interface Case {
  /** The programs that it needs; the first is the one under test, our own when there is none. */
  readonly needs: readonly ProgramName[];
  readonly does: string;
}

export type Check = (check: Case, body: (t: TestContext) => Promise<void>) => Promise<void>;

const OPENERS = { prov: ownRegistry, 'docker-registry': dockerRegistry } as const;
export const REGISTRIES = ['prov', 'docker-registry'] as const;
export type RegistryName = (typeof REGISTRIES)[number];

/**
 * One test a registry, one subtest a case; every case gives a row `table: program | registry | case | outcome`.
 * What is missing on this machine is skipped with the reason.
 */
export function onBothRegistries(subject: string, body: (site: Site, check: Check) => Promise<void>): void {
  for (const name of REGISTRIES) onRegistry(name, subject, body);
}

export function onRegistry(
  name: RegistryName,
  subject: string,
  body: (site: Site, check: Check) => Promise<void>,
  options: DockerRegistryOptions = {},
): void {
  test(`${subject}, on ${name}`, async (t) => {
    const site = await openSite(t, name, options);
    if (site === undefined) {
      t.diagnostic(`table: ${'all'.padEnd(8)} | ${name.padEnd(15)} | ${subject} | skipped, no ${name}`);
      return t.skip(`${name} not present: node scripts/interop-tools.mjs`);
    }
    await body(site, (check, run) => runCase(t, name, check, run));
  });
}

async function runCase(
  t: TestContext,
  registry: string,
  { needs, does }: Case,
  body: (t: TestContext) => Promise<void>,
): Promise<void> {
  const missing = needs.filter((program) => findProgram(program) === undefined);
  const subject = needs[0] ?? 'prov';
  await t.test(`${subject} on ${registry}: ${does}`, async (subtest) => {
    const row = (outcome: string) =>
      subtest.diagnostic(`table: ${subject.padEnd(8)} | ${registry.padEnd(15)} | ${does} | ${outcome}`);
    if (missing.length > 0) {
      row(`skipped, no ${missing.join(', ')}`);
      return subtest.skip(`${missing.join(', ')} not present: node scripts/interop-tools.mjs`);
    }
    let outcome = 'FAILED';
    try {
      await body(subtest);
      outcome = 'ok';
    } finally {
      row(outcome);
    }
  });
}

const given = (input: string | undefined) => (input === undefined ? {} : { input });

/** A registry with nothing in it. Undefined when its program is missing. */
export async function openSite(
  t: TestContext,
  name: RegistryName,
  options: DockerRegistryOptions = {},
): Promise<Site | undefined> {
  const program = name === 'prov' ? undefined : findProgram(name);
  if (name !== 'prov' && program === undefined) return undefined;
  const folder = temporaryDirectory(t);
  const env = isolatedEnvironment(folder, { PROVISIONING_SIGN_PASSWORD: PASSWORD });
  const registry =
    program === undefined
      ? await OPENERS.prov(t, folder, env)
      : await OPENERS['docker-registry'](t, folder, program, options);
  const cwd = join(folder, 'work');
  mkdirSync(cwd);
  const outside = {
    COSIGN_PASSWORD: PASSWORD,
    HTTPS_PROXY: NOWHERE,
    HTTP_PROXY: NOWHERE,
    NO_PROXY: '127.0.0.1',
  };
  const start = async (line: CommandLine) => {
    const [tool, ...args] = line.split(' ');
    const result = await runProgram(findProgram(tool as ProgramName)!, args, { cwd, env: outside });
    return { ...result, text: `${line}: exit ${result.code}\n${result.stdout}\n${result.stderr}` };
  };
  return {
    registry,
    path: (...parts) => join(cwd, ...parts),
    another: () => ownRegistry(t, join(folder, 'another'), env),
    prov: (words, input) => provData(words.split(' '), { cwd, env, ...given(input) }),
    async provFails(words, input) {
      const result = await prov([...words.split(' '), '--out', 'json'], { cwd, env, ...given(input) });
      assert.notEqual(result.code, 0, `prov ${words} succeeded: ${result.stdout}`);
      assert.ok(result.json.error, result.stdout);
      assert.equal(result.code, result.json.error.exit);
      return result.json.error;
    },
    async run(line) {
      const result = await start(line);
      assert.equal(result.code, 0, result.text);
      return result;
    },
    async fails(line) {
      const result = await start(line);
      assert.ok(result.code > 0, result.text);
      return result;
    },
  };
}
