#!/usr/bin/env node
// The entry loads nothing but the program, after turning on the compile cache where Node has one (22.8 and up):
// under home, since Node's default is a fixed name in the temporary folder that others may write to.
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const home = process.env['PROVISIONING_HOME'] || join(homedir(), '.provisioning');
(module as { enableCompileCache?: (directory: string) => unknown }).enableCompileCache?.(
  join(home, 'compile-cache'),
);
const { main } = await import('./program.js');
await main(process.argv.slice(2));
