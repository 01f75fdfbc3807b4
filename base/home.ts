import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Directory of everything prov keeps for its user: `$PROVISIONING_HOME` or `~/.provisioning`. */
export function provHome(env: NodeJS.ProcessEnv = process.env): string {
  const configured = env['PROVISIONING_HOME'];
  return configured ? resolve(configured) : join(homedir(), '.provisioning');
}
