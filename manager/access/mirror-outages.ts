import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isProvError, log, makeDirectories, provHome, writeFileAtomic } from '#base';
import type { MirrorOutage, OutageStore } from '#oci';

/** No outage is remembered longer, whatever a file says. */
const LONGEST_MS = 10 * 60_000;

/** Outages of mirrors under home, a small file each, so that the next command does not wait for a dead one again. */
export function fileMirrorOutages(env: NodeJS.ProcessEnv): OutageStore {
  const directory = join(provHome(env), 'state', 'mirrors');
  const pathOf = (host: string) => join(directory, `${encodeURIComponent(host)}.json`);
  return {
    load(host) {
      const outage = readOutage(pathOf(host));
      return outage !== undefined && outage.until > Date.now() ? outage : undefined;
    },
    save(host, outage) {
      const path = pathOf(host);
      try {
        if (outage === undefined) {
          rmSync(path, { force: true });
          return;
        }
        makeDirectories(directory, { mode: 0o700 });
        writeFileAtomic(path, `${JSON.stringify({ v: 1, host, ...outage })}\n`, { mode: 0o600 });
      } catch (error) {
        if (!isProvError(error) && (error as NodeJS.ErrnoException).code === undefined) throw error;
        log.debug('the outage of a mirror could not be remembered', {
          path,
          reason: (error as Error).message,
        });
      }
    },
  };
}

/** Undefined for a file that is not there or says nothing usable: an outage only saves time. */
function readOutage(path: string): MirrorOutage | undefined {
  try {
    const { until, reason } = Object(JSON.parse(readFileSync(path, 'utf8'))) as Partial<MirrorOutage>;
    if (typeof until !== 'number' || typeof reason !== 'string') return undefined;
    return { until: Math.min(until, Date.now() + LONGEST_MS), reason };
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code !== undefined) return undefined;
    throw error;
  }
}
