import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The command line that starts this very program again, without a shell and without the PATH. */
export function provCommand(): readonly string[] {
  const candidates = ['./prov.cjs', '../prov.cjs', '../../dist/prov.cjs'].map((relative) =>
    fileURLToPath(new URL(relative, import.meta.url)),
  );
  const program = candidates.find((path) => existsSync(path)) ?? process.argv[1]!;
  return [process.execPath, program];
}
