import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A test, or the `after` of a whole file: something that runs actions when it ends. */
export interface Cleanup {
  after(action: () => void | Promise<void>): unknown;
}

/** A directory that is gone when the test ends. */
export function temporaryDirectory(t: Cleanup): string {
  const path = mkdtempSync(join(realpathSync(tmpdir()), 'prov-test-'));
  t.after(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
  return path;
}
