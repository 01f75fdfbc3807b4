import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { askCredentialHelper, storeInHelper } from './credential-helper.js';

/** A helper that runs `script`, found in a PATH of its own. */
function helper(t: TestContext, script: string) {
  const folder = mkdtempSync(join(tmpdir(), 'prov-helper-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'docker-credential-slow'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { folder, env: { PATH: `${folder}:${process.env['PATH']}` } };
}

/** Undefined when there is no such process. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a helper that hangs is ended after its time, with a named error', async (t) => {
  for (const script of ['echo $$ > "$0.pid"; exec sleep 600', 'echo $$ > "$0.pid"; sleep 2 & wait']) {
    const { folder, env } = helper(t, script);
    const started = performance.now();
    const refused = {
      code: 'OCI_AUTH_HELPER_FAILED',
      message: /slow failed for r\.example: it did not end within 0\.3 s/,
    };
    await assert.rejects(askCredentialHelper('slow', 'r.example', { env, timeoutMs: 300 }), refused);
    const credential = { username: 'anna', password: 'x' };
    await assert.rejects(storeInHelper('slow', 'r.example', { env, timeoutMs: 300, credential }), refused);
    assert.ok(performance.now() - started < 10_000);
    assert.equal(isAlive(Number(readFileSync(join(folder, 'docker-credential-slow.pid'), 'utf8'))), false);
  }
});

test('an interruption ends a helper that hangs', async (t) => {
  const { env } = helper(t, 'exec sleep 600');
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error('stopped by the user')), 100);
  await assert.rejects(
    askCredentialHelper('slow', 'r.example', { env, signal: stop.signal }),
    /stopped by the user/,
  );
});
