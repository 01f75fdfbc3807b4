import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { unresolvable } from '#manager';
import { resolutionFailureSchema } from '#schemas';
import { projectRoot } from '../support/project.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { failureOf, provisioningText, situationOptions, situationWorkspace } from './situation-workspace.js';
import { SITUATIONS, type Situation } from './situations.js';

const DOCUMENT = join(projectRoot, 'docs/resolver.md');
/** What stands between these is generated: delete it, run this test, and it is written anew. */
const BEGIN = '<!-- situations: written by test/resolver/documented-situations.test.ts -->';
const END = '<!-- end of situations -->';

/** The document must not depend on how busy the machine is. */
const ENOUGH_MS = 120_000;

const shown = SITUATIONS.filter((situation) => situation.shown);

test(`docs/resolver.md shows ${shown.length} situations as they are explained`, async (t) => {
  assert.ok(shown.length >= 25);
  const folder = temporaryDirectory(t);
  const sections: string[] = [];
  for (const situation of shown) sections.push(await section(situation, join(folder, situation.id)));
  const text = readFileSync(DOCUMENT, 'utf8');
  const [before, rest] = text.split(`${BEGIN}\n`);
  const [recorded, after] = (rest ?? '').split(END);
  assert.ok(before !== undefined && after !== undefined, `the marks are in ${DOCUMENT}`);
  const now = `\n${sections.join('\n')}\n`;
  if (recorded!.trim() === '') writeFileSync(DOCUMENT, `${before}${BEGIN}\n${now}${END}${after}`);
  else assert.equal(recorded, now);
});

async function section(situation: Situation, root: string): Promise<string> {
  const workspace = await situationWorkspace(root, provisioningText(situation));
  const options = situationOptions(situation, workspace);
  const error = await unresolvable(await failureOf(situation, options), {
    options,
    workspace,
    fixesMs: ENOUGH_MS,
  });
  const explanation = String(error.details['explanation']);
  resolutionFailureSchema.parse(error.details['failure']);
  for (const name of Object.keys(situation.asks)) {
    if (!explanation.includes(`requires ${name}`)) continue;
    assert.match(explanation, new RegExp(`config/provisioning.yaml:\\d+ \\(workspace\\) requires ${name}`));
  }
  return `### ${situation.title}\n\n\`\`\`text\n${explanation}\n\`\`\`\n`;
}

test('a proof that does not hold is a bug, and is never shown', async (t) => {
  const [situation] = shown.filter(({ id }) => id === 'two-want-redis');
  const workspace = await situationWorkspace(temporaryDirectory(t), provisioningText(situation!));
  const options = situationOptions(situation!, workspace);
  const failure = await failureOf(situation!, options);
  assert.ok(failure.type === 'unsatisfiable');
  const { steps } = failure.proof;
  const wrong = { ...failure, proof: { ...failure.proof, steps: steps.slice(0, -1) } };
  await assert.rejects(unresolvable(wrong, { options, workspace }), { code: 'RESOLVER_PROOF_REFUSED' });
});
