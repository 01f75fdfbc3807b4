import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  isRunning,
  makeDirectories,
  type ProcessIdentity,
  ProvError,
  provHome,
  writeFileAtomic,
} from '#base';

/** A registry process started by this user on this machine. */
export interface RegistryRecord extends ProcessIdentity {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly data: string;
  readonly log?: string;
  /** The trust policy that it enforces: its file, and what it says. */
  readonly trustPolicy?: { readonly path: string; readonly digest: string };
}

function folder(env: NodeJS.ProcessEnv): string {
  return join(provHome(env), 'run', 'registry');
}

export function writeRecord(record: RegistryRecord, env: NodeJS.ProcessEnv): () => void {
  makeDirectories(folder(env), { mode: 0o700 });
  const path = join(folder(env), `${record.pid}.json`);
  writeFileAtomic(path, JSON.stringify(record), { mode: 0o600 });
  return () => rmSync(path, { force: true });
}

/** Registries that still run; records of dead ones are removed on the way. */
export function runningRegistries(env: NodeJS.ProcessEnv): RegistryRecord[] {
  let names: string[];
  try {
    names = readdirSync(folder(env)).filter((name) => name.endsWith('.json'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names.flatMap((name) => {
    const path = join(folder(env), name);
    const record = readRecord(path);
    if (record !== undefined && isRunning(record)) return [record];
    rmSync(path, { force: true });
    return [];
  });
}

/** Undefined when it is gone (its registry has ended meanwhile) or holds no record. */
function readRecord(path: string): RegistryRecord | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<RegistryRecord> | null;
    return Number.isInteger(value?.pid) && typeof value?.started === 'string'
      ? (value as RegistryRecord)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ProvError(
      'BASE_FILE_UNREADABLE',
      { path, reason: (error as NodeJS.ErrnoException).code },
      { cause: error },
    );
  }
}

export interface RegistrySelection {
  readonly data?: string | undefined;
  readonly port?: number | undefined;
}

export function selectRegistries(
  env: NodeJS.ProcessEnv,
  { data, port }: RegistrySelection,
): RegistryRecord[] {
  return runningRegistries(env).filter(
    (record) => (data === undefined || record.data === data) && (port === undefined || record.port === port),
  );
}
