import { join } from 'node:path';
import {
  beginInstall,
  invalid,
  replaceFile,
  runScript,
  stampStatus,
  writeStamp,
} from '../lib/shared.bundle.mjs';
import { readFacts, unmetPrerequisites } from './facts.mjs';

/** Refuses a machine that lacks a prerequisite; else keeps its facts in `etc/os/facts.json`. */
function install(request) {
  const path = join(request.target.prefix, 'etc', 'os', 'facts.json');
  if (!request.dry_run) beginInstall(request, { files: [path] });
  const facts = readFacts(request.target.prefix);
  const problems = unmetPrerequisites(facts, request.config);
  if (problems.length > 0) throw invalid(`this machine cannot be used: ${problems.join('; ')}`);
  const changed = stampStatus(request, [path]).status !== 'done';
  if (!request.dry_run && changed) {
    replaceFile(path, facts);
    writeStamp(request, { outputs: facts });
  }
  return { changed, outputs: facts };
}

await runScript({ install });
