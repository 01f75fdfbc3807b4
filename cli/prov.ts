#!/usr/bin/env node
// The entry loads nothing but the program, after turning on the compile cache where Node has one.
import module from 'node:module';

(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
const { main } = await import('./program.js');
await main(process.argv.slice(2));
