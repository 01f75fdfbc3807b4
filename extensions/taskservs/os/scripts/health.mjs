import { runScript } from '../lib/shared.bundle.mjs';
import { readFacts, unmetPrerequisites } from './facts.mjs';

function health(request) {
  const facts = readFacts(request.target.prefix);
  const problems = unmetPrerequisites(facts, request.config);
  if (problems.length > 0) return { status: 'unhealthy', message: problems.join('; ') };
  return {
    status: 'healthy',
    message: `${facts.os} ${facts.kernel}, ${facts.cpus} cpus, ${facts.disk_free_mb} MiB free`,
  };
}

await runScript({ health });
