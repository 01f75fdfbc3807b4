import { join } from 'node:path';

/** The project's root; compiled tests live in build/test/<folder>/. */
export const projectRoot = join(import.meta.dirname, '../../..');
export const cliPath = join(projectRoot, 'dist', 'prov.cjs');
