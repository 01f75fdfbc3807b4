import assert from 'node:assert/strict';
import { EXTENSION, readTree, writeExtension } from './extension-tree.js';
import { onBothRegistries, onRegistry, type Site } from './on-both-registries.js';
import { tags } from './registry-content.js';

const { namespace, name, repository, version } = EXTENSION;
const NEXT = '1.3.0';
const PASSWORD = 'correct horse battery';
/** bcrypt of the password above, cost 4. */
const HTPASSWD = 'anna:$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS\n';

interface Versions {
  readonly versions: readonly { readonly version: string; readonly state: string }[];
  readonly otherTags: readonly string[];
}

async function publishBoth(site: Site): Promise<string> {
  const at = `--registry ${site.registry.host} --namespace ${namespace}`;
  writeExtension(site.path('tree'));
  writeExtension(site.path('next'), { version: NEXT });
  await site.prov('key generate --output release');
  await site.prov(`ext publish tree --key release.key ${at}`);
  await site.prov(`ext publish next --key release.key --tag stable ${at}`);
  return at;
}

async function states(site: Site, at: string): Promise<readonly string[]> {
  const { versions } = await site.prov<Versions>(`ext tags ${name} ${at}`);
  return versions.map((each) => `${each.version} ${each.state}`);
}

onBothRegistries('publishing and what comes after it', async (site, check) => {
  const { host } = site.registry;
  const at = await publishBoth(site);
  const first = `${name}:${version}`;
  const stored = () => tags(host, repository);

  await check({ needs: [], does: 'publish again: nothing is sent, the index stays as it is' }, async () => {
    const again = await site.prov<{ pushed: boolean; landed: { signer: string } }>(
      `ext publish next --key release.key --tag stable ${at}`,
    );
    assert.equal(again.pushed, false);
    assert.ok(again.landed.signer);
  });

  await check({ needs: [], does: 'list, search, tags, info' }, async () => {
    for (const command of ['ext list', 'ext search cache*']) {
      const { extensions } = await site.prov<{ extensions: { name: string; version: string }[] }>(
        `${command} ${at}`,
      );
      assert.deepEqual(
        extensions.map((each) => `${each.name} ${each.version}`),
        [`${name} ${NEXT}`],
      );
    }
    assert.deepEqual(await states(site, at), [`${NEXT} active`, `${version} active`]);
    const info = JSON.stringify(await site.prov(`ext info ${first} ${at}`));
    assert.ok(info.includes(version) && info.includes(NEXT), info);
  });

  await check({ needs: [], does: 'deprecate, yank, revoke and back, by referrers' }, async () => {
    const say = (verb: string, more: string) => site.prov(`ext ${verb} ${first} ${more} ${at}`);
    for (const [verb, state] of [
      ['deprecate', 'deprecated'],
      ['yank', 'yanked'],
      ['revoke', 'revoked'],
    ] as const) {
      await say(verb, '--reason because --replacement other@^2 --key release.key');
      assert.deepEqual(await states(site, at), [`${NEXT} active`, `${version} ${state}`]);
      const inspected = await site.prov(`ext inspect ${first} ${at}`);
      assert.deepEqual([inspected['state'], inspected['replacement']], [state, 'other@^2']);
    }
    const refused = await site.provFails(`ext pull ${first} --destination revoked ${at}`);
    assert.deepEqual([refused.code, refused.exit], ['MANAGER_VERSION_REVOKED', 6]);
    const unsigned = await site.provFails(`ext revoke ${first} --undo ${at}`);
    assert.equal(unsigned.code, 'MANAGER_STATUS_NO_EFFECT');
    await say('revoke', '--undo --key release.key');
    await site.prov(`ext pull ${first} --destination back --key release.pub ${at}`);
    assert.deepEqual(readTree(site.path('back')), readTree(site.path('tree')));
  });

  await check({ needs: [], does: 'a tag goes alone, and what it led to stays' }, async () => {
    await site.prov(`ext tag ${first} old older ${at}`);
    await site.prov(`ext untag ${name}:old never ${at}`);
    await site.prov(`ext delete ${name}:older --force ${at}`);
    const left = await stored();
    assert.ok(left.includes(version) && !left.includes('old') && !left.includes('older'), left.join());
    await site.prov(`ext pull ${first} --destination after-untag --key release.pub ${at}`);
  });

  await check({ needs: [], does: 'a version deleted with all that hangs on it leaves nothing' }, async () => {
    const plan = await site.prov<{ referrers: string[] }>(
      `ext delete ${first} --with-referrers --dry-run ${at}`,
    );
    assert.ok(plan.referrers.length >= 5, plan.referrers.join());
    const before = await stored();
    assert.ok(before.includes(version));
    await site.prov(`ext delete ${first} --with-referrers --force ${at}`);
    const gone = await site.provFails(`ext pull ${first} --destination gone ${at}`);
    assert.deepEqual([gone.code, gone.exit], ['OCI_REFERENCE_NOT_FOUND', 5]);
    assert.deepEqual(await states(site, at), [`${NEXT} active`]);
    const index = await site.prov<{ changed: boolean; dropped: string[] }>(`index rebuild ${name} ${at}`);
    assert.deepEqual([index.changed, index.dropped], [false, []]);
  });

  await check({ needs: [], does: 'an index that was lost or overwritten is made anew' }, async () => {
    if (site.registry.name === 'prov') return;
    await site.prov(`ext tag ${name}:${NEXT} broken ${at}`);
    const { digest } = await site.prov<{ digest: string }>(`ext inspect ${name}:_index ${at}`);
    await site.prov(`ext delete ${name}@${digest} --force ${at}`);
    assert.deepEqual(await states(site, at), [`${NEXT} active`]);
    const index = await site.prov<{ changed: boolean; added: string[] }>(`index rebuild ${name} ${at}`);
    assert.deepEqual([index.changed, index.added], [true, [NEXT]]);
  });
});

onRegistry(
  'docker-registry',
  'publishing where nothing is deleted',
  async (site, check) => {
    const at = await publishBoth(site);
    await check({ needs: [], does: 'untag and delete refuse with the reason and move nothing' }, async () => {
      const before = await tags(site.registry.host, repository);
      for (const words of [
        `ext untag ${name}:stable`,
        `ext delete ${name}:stable --force`,
        `ext delete ${name}:${version} --with-referrers --force`,
      ]) {
        const refused = await site.provFails(`${words} ${at}`);
        assert.deepEqual([refused.code, refused.exit], ['OCI_REMOTE_DELETE_DISABLED', 4], words);
      }
      assert.deepEqual(await tags(site.registry.host, repository), before);
      for (const tag of ['stable', version])
        await site.prov(`ext pull ${name}:${tag} --destination kept-${tag} --key release.pub ${at}`);
    });
    await check({ needs: [], does: 'yank and its undoing need no deletion' }, async () => {
      await site.prov(`ext yank ${name}:${version} --reason because --key release.key ${at}`);
      assert.deepEqual(await states(site, at), [`${NEXT} active`, `${version} yanked`]);
      await site.prov(`ext yank ${name}:${version} --undo --key release.key ${at}`);
      assert.deepEqual(await states(site, at), [`${NEXT} active`, `${version} active`]);
    });
  },
  { deletes: false },
);

onRegistry(
  'docker-registry',
  'a registry behind htpasswd',
  async (site, check) => {
    const { host } = site.registry;
    const at = `--registry ${host} --namespace ${namespace}`;
    writeExtension(site.path('tree'));
    await site.prov('key generate --output release');

    await check({ needs: [], does: 'without a sign-in: refused, with the command that helps' }, async () => {
      for (const words of ['ext publish tree --no-sign', `ext tags ${name}`, 'ext list']) {
        const refused = await site.provFails(`${words} ${at}`);
        assert.deepEqual([refused.code, refused.exit], ['OCI_AUTH_REQUIRED', 4], words);
      }
    });
    await check({ needs: [], does: 'login refuses a wrong password, and stores the right one' }, async () => {
      const login = `login ${host} --username anna --password-stdin`;
      const refused = await site.provFails(login, 'wrong');
      assert.deepEqual([refused.code, refused.exit], ['OCI_AUTH_REJECTED', 4]);
      const done = await site.prov<{ checked: string[] }>(login, PASSWORD);
      assert.deepEqual(done.checked, [`${host}/v2/`]);
      const explained = await site.prov(`auth explain ${host}/${repository}`);
      assert.ok(!JSON.stringify(explained).includes(PASSWORD));
      assert.match(JSON.stringify(explained), /anna/);
    });
    await check({ needs: [], does: 'publish, list, yank, pull and delete, signed in' }, async () => {
      await site.prov(`ext publish tree --key release.key --tag stable ${at}`);
      const { extensions } = await site.prov<{ extensions: unknown[] }>(`ext list ${at}`);
      assert.equal(extensions.length, 1);
      await site.prov(`ext yank ${name}:${version} --reason because --key release.key ${at}`);
      assert.deepEqual(await states(site, at), [`${version} yanked`]);
      await site.prov(`ext pull ${name}:${version} --destination back --key release.pub ${at}`);
      assert.deepEqual(readTree(site.path('back')), readTree(site.path('tree')));
      await site.prov(`ext untag ${name}:stable ${at}`);
      await site.prov(`ext delete ${name}:${version} --with-referrers --force ${at}`);
    });
    await check({ needs: [], does: 'logout forgets it' }, async () => {
      await site.prov(`logout ${host}`);
      const refused = await site.provFails(`ext tags ${name} ${at}`);
      assert.equal(refused.code, 'OCI_AUTH_REQUIRED');
    });
  },
  { htpasswd: HTPASSWD },
);
