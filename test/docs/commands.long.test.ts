import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../support/project.js';
import { isolatedEnvironment } from '../support/prov.js';
import { freePort } from '../support/registries.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { followDocument, pathWithProv } from './follow-document.js';
import { openShell } from './shell.js';
import { tutorialSteps } from './tutorial-steps.js';

test('every command of the tutorial does what the tutorial says', async (t) => {
  const folder = temporaryDirectory(t);
  const work = join(folder, 'work');
  mkdirSync(work);
  const env = isolatedEnvironment(join(folder, 'home'), {
    PATH: pathWithProv(folder),
    NEAR: String(await freePort()),
    FAR: String(await freePort()),
    PROV_EXTENSIONS: join(projectRoot, 'extensions'),
  });
  const shell = openShell(work, env);
  t.after(async () => {
    for (const [side, port] of [
      ['near', 'NEAR'],
      ['far', 'FAR'],
    ]) {
      const home = `PROVISIONING_HOME="${join(work, side!, 'home')}"`;
      const site = side === 'near' ? 'site' : 'far/site';
      await shell.run(
        `[ ! -e "${join(work, site)}" ] || ${home} prov destroy --yes -w "${join(work, site)}"`,
      );
      await shell.run(`${home} prov registry stop --port "$${port}"`);
    }
    await shell.close();
  });

  const count = await followDocument({ document: 'docs/tutorial.md', shell, steps: tutorialSteps });
  assert.ok(count > 20, String(count));
});
