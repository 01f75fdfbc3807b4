import { resolve } from 'node:path';
import { EXIT } from '#base';
import type { PolicyTrial } from '#trust';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { readKeyFile } from '../ext/shared.js';

export async function run(context: CommandContext, { args }: CommandInput): Promise<CommandOutput> {
  const [policyFile, casesFile] = args.map((path) => resolve(context.cwd, path!)) as [string, string];
  const { readPolicyCases, readTrustPolicy, tryPolicy } = await import('#trust');
  const policy = await readTrustPolicy(policyFile, { signal: context.signal });
  const trials: PolicyTrial[] = [];
  for (const each of readPolicyCases(await readKeyFile(casesFile, context), casesFile))
    trials.push(await tryPolicy(policy, each));
  const failed = trials.filter(({ passed }) => !passed);
  return {
    data: {
      policy: policyFile,
      passed: trials.length - failed.length,
      failed: failed.length,
      cases: trials.map(({ case: { name, expect }, got, passed, verdict }) => ({
        name,
        expect,
        got,
        passed,
        explanation: verdict.explanation,
        ...(verdict.rule === undefined ? {} : { rule: verdict.rule }),
      })),
    },
    text: [
      ...trials.map(({ case: { name, expect }, got, passed, verdict }) =>
        passed
          ? `ok      ${name}: ${got}`
          : `FAILED  ${name}: expected ${expect}, it is ${got} (${verdict.explanation})`,
      ),
      `${trials.length - failed.length} passed, ${failed.length} failed`,
    ].join('\n'),
    table: {
      columns: ['case', 'expected', 'outcome'],
      rows: trials.map(({ case: { name, expect }, got }) => [name, expect, got]),
    },
    ...(failed.length > 0 ? { exit: EXIT.failed } : {}),
  };
}
