import { dirname, join } from 'node:path';
import { canonicalJson, digestHex, digestOf, makeDirectories, provHome, writeFileAtomic } from '#base';
import { readTextIfThere, type Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';

type Context = Pick<ManagerContext, 'env'>;

/**
 * Whether this machine has held this very text of a lock against all that it names. A lock that came from elsewhere,
 * or was edited, was not: what is installed says nothing about it, since both can come with the workspace.
 */
export async function isVouched(workspace: Workspace, text: string, { env }: Context): Promise<boolean> {
  return (await readTextIfThere(noteOf(workspace, env))) === `${vouchOf(workspace, text)}\n`;
}

/** To be called once a lock was made from, or compared with, all that it names. Kept in the home of the user. */
export function vouchFor(workspace: Workspace, text: string, { env }: Context): void {
  const path = noteOf(workspace, env);
  makeDirectories(dirname(path), { mode: 0o700 });
  writeFileAtomic(path, `${vouchOf(workspace, text)}\n`, { mode: 0o600 });
}

/** What decides whether times of publication are asked for belongs to it: they were not, where it said otherwise. */
function vouchOf({ resolution }: Workspace, text: string): string {
  const { min_age: age = null, age_source: source = null, min_age_exempt: exempt = [] } = resolution;
  return `${digestOf(text)} ${digestOf(canonicalJson({ age, source, exempt: [...exempt] }))}`;
}

function noteOf({ root }: Workspace, env: NodeJS.ProcessEnv): string {
  return join(provHome(env), 'state', 'locks', digestHex(digestOf(root)));
}
