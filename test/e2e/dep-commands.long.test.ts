import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXIT } from '#base';
import { forget, hasTerminal, onTerminal, openDepSite } from './dep-site.js';

interface Change {
  readonly change: string;
  readonly name: string;
  readonly from?: string;
  readonly to?: string;
  readonly risks?: readonly string[];
}
interface Resolved {
  readonly resolved: boolean;
  readonly lockChanged: boolean;
  readonly changes: readonly Change[];
  readonly installed: readonly string[];
  readonly requests: Readonly<Record<string, number>>;
  readonly extensions: readonly { readonly name: string; readonly version: string }[];
  readonly saved?: boolean;
}
const versions = ({ extensions }: Resolved) =>
  Object.fromEntries(extensions.map(({ name, version }) => [name, version]));
const installed = (root: string) => existsSync(join(root, '.cache/modules'));

test('resolve shows a plan without making it, makes it, keeps it, and refuses what does not fit', async (t) => {
  const at = await openDepSite(t);
  const plan = await at.both<Resolved>('resolve --dry-run');
  assert.match(plan.text, /^CHANGE +KIND +NAME +TO +REQUIRED BY\nadded +taskserv +os +1\.1\.0 +redis, web\n/);
  assert.match(plan.text, /the lock would change\n$/);
  assert.deepEqual(
    [plan.data.lockChanged, versions(plan.data)],
    [true, { os: '1.1.0', redis: '7.1.0', web: '1.0.0' }],
  );
  assert.deepEqual([existsSync(at.lockFile), installed(at.root)], [false, false], 'a dry run writes nothing');

  const locked = await at.dep('resolve --locked --out json');
  assert.equal(locked.code, EXIT.lockStale, locked.stderr);
  assert.match(locked.json.error!.message, /the lock does not fit the requirements: there is none/);
  assert.equal((await at.dep('resolve --frozen')).code, EXIT.lockStale);

  const first = await at.dep('resolve --yes');
  assert.match(first.stdout, /wrote .*prov\.lock\n3 installed, 3 locked\n$/, first.stderr);
  const again = await at.both<Resolved>('resolve');
  assert.equal(again.text, 'the lock is current\n0 installed, 3 locked\n');
  assert.deepEqual([again.data.resolved, again.data.requests], [false, {}], 'an up-to-date lock asks nobody');
  assert.equal((await at.both<Resolved>('resolve --locked')).data.lockChanged, false);
  assert.equal((await at.both<Resolved>('resolve --frozen')).data.lockChanged, false);

  const before = at.lock();
  at.edit(/^( *)web: \^1$/m, '$1web: ^1\n$1os: ^2');
  const stale = await at.dep('resolve --locked --out json');
  assert.equal(stale.code, EXIT.lockStale, stale.stdout);
  assert.match(
    stale.json.error!.message,
    /config\/provisioning\.yaml:\d+ asks for taskserv os \^2; the lock holds 1\.1\.0/,
  );
  const inCi = await at.dep('resolve --out json', { env: { ...at.options.env, CI: 'true' } });
  assert.equal(inCi.json.error!.code, 'MANAGER_LOCK_STALE', 'in CI a lock is kept or refused');
  assert.equal((await at.dep('resolve --frozen')).code, 0, 'frozen does not look at the requirements');
  const no = await at.dep('resolve --out json');
  assert.equal(no.code, EXIT.noResolution);
  assert.match(no.json.error!.message, /^os \^2 is required, but web \^1 needs another version of os\./);
  assert.equal(at.lock(), before, 'no refusal changes the lock');
  at.edit(/^ *os: \^2\n/m, '');

  forget(at);
  const offline = await at.dep('resolve --locked --offline --out json');
  assert.equal(offline.code, EXIT.network);
  assert.match(offline.json.error!.message, /this machine lacks 13 of the pieces of content/);
  const fetched = await at.both<{ extensions: number; pieces: number }>('fetch');
  assert.match(fetched.text, /^3 extensions are on this machine: \d+ pieces/);
  assert.equal(installed(at.root), false, 'fetching installs nothing');
  const far = await at.dep('resolve --locked --offline --out json');
  assert.equal(far.code, 0, far.stderr);
  assert.deepEqual(
    [(far.json.data as Resolved).installed.length, (far.json.data as Resolved).requests],
    [3, {}],
  );
});

test('risky changes are asked about on a terminal, and only there; --save keeps what options say', async (t) => {
  const at = await openDepSite(t);
  assert.equal((await at.dep('resolve')).code, 0);
  const before = at.lock();
  if (hasTerminal) {
    const { options } = at;
    const declined = await onTerminal('resolve --override redis=7.0.0', { answer: 'n', options });
    assert.match(declined.screen, /downgraded +taskserv +redis +7\.1\.0 +7\.0\.0 +web +older/);
    assert.match(declined.screen, /1 of these changes should be looked at\. Go on\? \[y\/N\]/);
    assert.match(declined.screen, /error MANAGER_PLAN_DECLINED/);
    assert.deepEqual([declined.code, at.lock()], [EXIT.failed, before]);
    const agreed = await onTerminal('resolve --override redis=7.0.0', { answer: 'y', options });
    assert.equal(agreed.code, 0, agreed.screen);
    assert.match(at.lock(), /name: redis\n +version: 7\.0\.0/);
    const harmless = await onTerminal('update', { answer: 'n', options });
    assert.doesNotMatch(harmless.screen, /\[y\/N\]/, 'an upgrade is no risk');
    assert.equal(at.lock(), before);
  } else t.diagnostic('no terminal can be had here: script of util-linux is missing');

  const saved = await at.dep('resolve --override redis=7.0.0 --save --yes --out json');
  assert.equal(saved.code, 0, saved.stderr);
  assert.deepEqual(
    [(saved.json.data as Resolved).saved, versions(saved.json.data as Resolved)['redis']],
    [true, '7.0.0'],
  );
  assert.match(readFileSync(at.settings, 'utf8'), /resolution:\n +overrides:\n +redis: 7\.0\.0\n/);
  assert.equal((await at.dep('resolve --locked')).code, 0, 'the next resolution without options keeps it');
  const impossible = await at.dep('resolve --override os=9.0.0 --save --out json');
  assert.equal(impossible.code, EXIT.noResolution);
  assert.doesNotMatch(readFileSync(at.settings, 'utf8'), /os: 9\.0\.0/, 'all or nothing');
  const { fixes } = impossible.json.error!.details['failure'] as { fixes: { commands: string[] }[] };
  assert.ok(fixes.length > 0);
  for (const { commands } of fixes) {
    const done = await at.dep(`${commands[0]!.replace(/^prov dep /, '')} --yes`);
    assert.equal(done.code, 0, `${commands[0]}\n${done.stderr}`);
    assert.equal((await at.dep('validate')).code, 0);
  }
});

test('add and remove change requirements and lock together; a mistyped name is corrected, not removed', async (t) => {
  const at = await openDepSite(t);
  assert.equal((await at.dep('resolve')).code, 0);
  const before = [readFileSync(at.settings, 'utf8'), at.lock()];
  const unchanged = () => assert.deepEqual([readFileSync(at.settings, 'utf8'), at.lock()], before);

  const typo = await at.dep('add taskserv/redsi@^7');
  assert.equal(typo.code, EXIT.noResolution);
  assert.match(typo.stderr, /^error MANAGER_UNRESOLVABLE: There is no redsi in main\.$/m);
  assert.match(typo.stderr, /1\. the command line requires redsi \^7/);
  assert.match(
    typo.stderr,
    /1\. require redis instead of redsi → redis 7\.1\.0, web 1\.0\.0\n +prov dep add taskserv\/redis@\^7\n/,
  );
  assert.doesNotMatch(typo.stderr, /prov dep remove/);
  unchanged();

  const clash = await at.dep('add taskserv/os@^2 --out json');
  const { fixes } = clash.json.error!.details['failure'] as {
    fixes: { summary: string; commands: string[] }[];
  };
  assert.deepEqual(
    fixes.map(({ summary, commands }) => [summary, ...commands]),
    [
      ['require os ^1 instead of ^2', 'prov dep add taskserv/os@^1'],
      [
        'do without web',
        'prov dep add taskserv/os@^2 --no-resolve && prov dep remove taskserv/web --no-resolve && prov dep resolve',
      ],
    ],
  );
  unchanged();

  const planned = await at.both<Resolved & { range: string }>('add taskserv os@1.0.0 --dry-run');
  assert.match(planned.text, /^would require taskserv os 1\.0\.0\n/);
  assert.deepEqual([planned.data.range, planned.data.lockChanged], ['1.0.0', true]);
  unchanged();
  const added = await at.dep('add taskserv os@1.0.0 --yes');
  assert.match(
    added.stdout,
    /^now requires taskserv os 1\.0\.0\nCHANGE[^\n]+\ndowngraded +taskserv +os +1\.1\.0 +1\.0\.0 +\(workspace\), redis, web/,
    added.stderr,
  );
  const removed = await at.dep('remove os --out json');
  assert.equal(removed.code, 0, removed.stderr);
  assert.doesNotMatch(readFileSync(at.settings, 'utf8'), /\bos:/);
  const gone = await at.dep('remove os');
  assert.equal(gone.code, EXIT.notFound);
  assert.match(
    gone.stderr,
    /error WORKSPACE_REQUIREMENT_UNKNOWN: nothing requires "os"\nhint It requires: web/,
  );
  const late = await at.dep('add taskserv/redis@^7 --no-resolve');
  assert.match(late.stdout, /^now requires taskserv redis \^7/);
  assert.equal((await at.dep('resolve --locked')).code, 0, 'what was locked meets the new requirement too');
});

test('update moves what is named, to a version that is named, and says why something cannot move', async (t) => {
  const at = await openDepSite(t);
  assert.equal((await at.dep('resolve --override redis=7.0.0 --override os=1.0.0')).code, 0);
  assert.equal((await at.dep('resolve')).code, 0);
  assert.match(at.lock(), /name: redis\n +version: 7\.0\.0/);
  const updates = await at.both<{ name: string; to: string }[]>(
    'check-updates --exit-code',
    EXIT.differences,
  );
  assert.equal(updates.text, 'taskserv os 1.0.0 → 1.1.0\ntaskserv redis 7.0.0 → 7.1.0\n');
  assert.deepEqual(
    updates.data.map(({ name, to }) => [name, to]),
    [
      ['os', '1.1.0'],
      ['redis', '7.1.0'],
    ],
  );

  const before = at.lock();
  const plan = await at.both<Resolved>('update redis --plan');
  assert.deepEqual(
    plan.data.changes.map(({ name, from, to }) => [name, from, to]),
    [['redis', '7.0.0', '7.1.0']],
  );
  assert.match(plan.text, /upgraded +taskserv +redis +7\.0\.0 +7\.1\.0/);
  assert.equal(at.lock(), before);
  assert.equal((await at.dep('update os --to 1.1.0')).code, 0);
  assert.match(at.lock(), /name: os\n +version: 1\.1\.0/);
  assert.match(at.lock(), /name: redis\n +version: 7\.0\.0/, 'nothing else moves');
  assert.equal((await at.dep('update')).code, 0);
  assert.match(at.lock(), /name: redis\n +version: 7\.1\.0/);

  const far = await at.dep('update redis --to 8.0.0 --out json');
  assert.equal(far.code, EXIT.noResolution);
  assert.match(
    far.json.error!.message,
    /^redis 8\.0\.0 is required, but web \^1 needs another version of redis\./,
  );
  const { fixes } = far.json.error!.details['failure'] as { fixes: { result: Record<string, string> }[] };
  for (const { result } of fixes) assert.equal(result['redis'], '8.0.0', 'a fix gives what was asked for');
  const unknown = await at.dep('update rediss');
  assert.match(
    unknown.stderr,
    /the lock holds nothing called "rediss"\nhint Did you mean "redis"\? prov dep tree/,
  );
  assert.equal((await at.dep('update redis os --to 1.0.0')).code, EXIT.usage);
});

test('tree, why, why-not and outdated tell who needs what, and what stands in the way', async (t) => {
  const at = await openDepSite(t);
  assert.equal((await at.dep('resolve')).code, 0);
  const tree = await at.both<unknown[]>('tree');
  assert.equal(
    tree.text,
    'taskserv web 1.0.0\n  taskserv os 1.1.0 (^1)\n  taskserv redis 7.1.0 (^7)\n    taskserv os 1.1.0 (^1)\n',
  );
  assert.equal(tree.data.length, 3);
  assert.equal((await at.dep('tree --depth 0')).stdout, 'taskserv web 1.0.0\n');
  assert.equal(
    (await at.dep('tree --invert redis')).stdout,
    'taskserv redis 7.1.0\n  taskserv web 1.0.0 (^7)\n',
  );
  assert.match((await at.dep('tree rediss')).stderr, /hint Did you mean "redis"\?/);

  const why = await at.both<{ path: string[] }[]>('why taskserv/os');
  assert.match(
    why.text,
    /^taskserv os 1\.1\.0 is there because of web 1\.0\.0 → os 1\.1\.0\n {2}redis 7\.1\.0 requires os \^1\n {2}web 1\.0\.0 requires os \^1\n$/,
  );
  assert.deepEqual(why.data[0]!.path, ['web 1.0.0', 'os 1.1.0']);
  assert.match(
    (await at.dep('why web')).stdout,
    /config\/provisioning\.yaml:\d+ \(workspace\) requires web \^1/,
  );

  const no = await at.both<{ possible: boolean; failure: { fixes: { commands: string[] }[] } }>(
    'why-not redis@8.0.0',
  );
  assert.match(no.text, /web 1\.0\.0 depends on redis \^7, but line 1 leaves only redis 8\.0\.0/);
  assert.equal(no.data.possible, false);
  assert.doesNotMatch(
    JSON.stringify(no.data.failure.fixes),
    /redis=7/,
    'no fix says to have another version',
  );
  const yes = await at.both<{ possible: boolean; changes: unknown[] }>('why-not redis@7.0.0');
  assert.match(yes.text, /^redis 7\.0\.0 is possible; nothing else would change/);
  assert.match(
    (await at.dep('why-not redsi@1.0.0')).stdout,
    /There is no redsi in main[\s\S]*Did you mean team\/redis\?/,
  );

  const outdated = await at.both<{ name: string; latest: string; reasons: string[] }[]>(
    'outdated --exit-code',
    EXIT.differences,
  );
  assert.match(outdated.text, /^KIND +NAME +CURRENT +UPGRADABLE +RESOLVABLE +LATEST +WHY NOT LATEST\n/);
  assert.match(
    outdated.text,
    /taskserv +redis +7\.1\.0 +7\.1\.0 +7\.1\.0 +8\.0\.0 +web 1\.0\.0 asks for \^7/,
  );
  assert.deepEqual(
    outdated.data.map(({ name, latest }) => [name, latest]),
    [
      ['os', '2.0.0'],
      ['redis', '8.0.0'],
    ],
  );
  const offline = await at.dep('outdated --offline --out json');
  assert.deepEqual(offline.json.data, outdated.data, 'what was asked before is known offline');
  const unknown = await at.dep('outdated rediss');
  assert.equal(unknown.code, EXIT.notFound, 'an unknown name is not "everything is new"');
  const nothing = await at.both<unknown[]>('outdated web');
  assert.deepEqual([nothing.text, nothing.data], ['everything is at its newest version\n', []]);
});

test('audit tells of yanked, revoked, deprecated, unsigned and licences; licenses lists them', async (t) => {
  const at = await openDepSite(t);
  assert.equal((await at.dep('resolve')).code, 0);
  await at.site.publish({ name: 'plain', manifest: { license: 'MIT' } });
  await at.setState('os:1.1.0', 'deprecated');
  await at.setState('redis:7.1.0', 'yanked');
  await at.setState('web:1.0.0', 'revoked');
  interface Audit {
    readonly findings: readonly {
      readonly finding: string;
      readonly name: string;
      readonly severity: string;
    }[];
  }
  const found = await at.both<Audit>('audit --deny-license Apache-2.0 --exit-code', EXIT.differences);
  const seen = found.data.findings.map(({ finding, name }) => `${finding} ${name}`);
  for (const each of ['deprecated os', 'yanked redis', 'revoked web', 'licence os', 'unsigned web'])
    assert.ok(seen.includes(each), `${each} is not among ${seen.join(', ')}`);
  assert.match(found.text, /revoked +taskserv +web +1\.0\.0 +it is revoked/);
  assert.match(found.text, /\d+ findings in 3 locked extensions\n$/);
  assert.equal((await at.dep('audit')).code, 0, 'without --exit-code findings are no failure');
  const licences = await at.both<{ licences: Record<string, number> }>('licenses');
  assert.match(licences.text, /^Apache-2\.0: os 1\.1\.0$/m);
  assert.match(licences.text, /^MIT: redis 7\.1\.0$/m);
  assert.equal(licences.data.licences['MIT'], 1);
});

test('sbom writes CycloneDX and SPDX as their formats ask, the same each time', async (t) => {
  const at = await openDepSite(t);
  assert.equal((await at.dep('resolve')).code, 0);
  const cyclone = (await at.dep('sbom')).stdout;
  assert.equal(cyclone, (await at.dep('sbom')).stdout);
  const bom = JSON.parse(cyclone) as {
    bomFormat: string;
    specVersion: string;
    serialNumber: string;
    components: { 'bom-ref': string; name: string; purl: string }[];
    dependencies: { ref: string; dependsOn?: string[] }[];
  };
  assert.deepEqual([bom.bomFormat, bom.specVersion], ['CycloneDX', '1.6']);
  assert.match(
    bom.serialNumber,
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  const refs = new Set(['workspace', ...bom.components.map((each) => each['bom-ref'])]);
  assert.equal(refs.size, 4);
  for (const { ref, dependsOn = [] } of bom.dependencies)
    for (const each of [ref, ...dependsOn]) assert.ok(refs.has(each), each);
  for (const { purl } of bom.components) assert.match(purl, /^pkg:oci\/[a-z]+@sha256%3A[0-9a-f]{64}\?/);

  const file = join(at.root, 'sbom.spdx.json');
  const wrote = await at.dep(`sbom --type spdx --output ${file}`);
  assert.match(wrote.stdout, /^wrote .*sbom\.spdx\.json: 3 extensions\n$/);
  const spdx = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown> & {
    packages: {
      SPDXID: string;
      downloadLocation: string;
      checksums?: { algorithm: string; checksumValue: string }[];
    }[];
    relationships: { spdxElementId: string; relatedSpdxElement: string; relationshipType: string }[];
    creationInfo: { created: string; creators: string[] };
  };
  assert.deepEqual(
    [spdx['spdxVersion'], spdx['dataLicense'], spdx['SPDXID']],
    ['SPDX-2.3', 'CC0-1.0', 'SPDXRef-DOCUMENT'],
  );
  assert.match(String(spdx['documentNamespace']), /^https:\/\/[^#\s]+$/);
  assert.match(spdx.creationInfo.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  for (const creator of spdx.creationInfo.creators)
    assert.match(creator, /^(?:Tool|Person|Organization): \S/);
  const ids = new Set(['SPDXRef-DOCUMENT', ...spdx.packages.map(({ SPDXID }) => SPDXID)]);
  assert.equal(ids.size, 5);
  for (const id of ids) assert.match(id, /^SPDXRef-[a-zA-Z0-9.-]+$/);
  for (const { checksums = [], downloadLocation } of spdx.packages) {
    assert.notEqual(downloadLocation, '');
    for (const { algorithm, checksumValue } of checksums) {
      assert.match(algorithm, /^SHA(?:256|512)$/);
      assert.match(checksumValue, /^[0-9a-f]{64,128}$/);
    }
  }
  for (const { spdxElementId, relatedSpdxElement } of spdx.relationships)
    assert.ok(ids.has(spdxElementId) && ids.has(relatedSpdxElement));
  assert.ok(spdx.relationships.some(({ relationshipType }) => relationshipType === 'DESCRIBES'));
  const inJson = await at.dep('sbom --out json');
  assert.deepEqual((inJson.json.data as { document: unknown }).document, bom);
});

test('diff, lock merge and lock check work on files and on what git holds', async (t) => {
  const at = await openDepSite(t);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      cwd: at.root,
      stdio: 'pipe',
    });
  assert.equal((await at.dep('resolve --override redis=7.0.0')).code, 0);
  assert.equal((await at.dep('resolve')).code, 0);
  const nowhere = await at.dep('diff');
  assert.match(nowhere.stderr, /MANAGER_LOCK_MISSING[\s\S]*hint git says ".*not a git repository/);
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-qm', 'first');
  const base = at.lock();
  assert.equal((await at.both('diff')).text, 'the locks install the same\n');
  git('checkout', '-qb', 'theirs');
  assert.equal((await at.dep('update redis')).code, 0);
  git('commit', '-qam', 'redis');
  const theirs = at.lock();
  const diff = await at.both<{ changes: Change[] }>('diff main --exit-code', EXIT.differences);
  assert.match(diff.text, /upgraded +taskserv +redis +7\.0\.0 +7\.1\.0/);
  assert.deepEqual(
    diff.data.changes.map(({ name, to }) => [name, to]),
    [['redis', '7.1.0']],
  );

  git('checkout', '-q', 'main');
  assert.equal((await at.dep('add taskserv/os@^1')).code, 0);
  git('commit', '-qam', 'os');
  const ours = at.lock();
  for (const [name, text] of Object.entries({ base, ours, theirs }))
    writeFileSync(join(at.root, `${name}.lock`), text);
  const merged = await at.both<{ merged: boolean; extensions: number }>(
    'lock merge base.lock ours.lock theirs.lock --output merged.lock',
  );
  assert.equal(merged.data.extensions, 3);
  assert.match(merged.text, /^merged: 3 extensions/m);
  assert.match(readFileSync(join(at.root, 'merged.lock'), 'utf8'), /name: redis\n +version: 7\.1\.0/);
  for (const name of ['base', 'ours', 'theirs', 'merged']) rmSync(join(at.root, `${name}.lock`));

  writeFileSync(at.lockFile, `<<<<<<< HEAD\n${ours}=======\n${theirs}>>>>>>> theirs\n`);
  const marked = await at.dep('resolve');
  assert.equal(marked.code, EXIT.configuration);
  assert.match(
    marked.stderr,
    /SCHEMAS_LOCK_INVALID: .*prov\.lock is not a valid lock: it holds conflict markers of a merge\nhint prov lock merge puts/,
  );
  const cleared = await at.dep('lock merge');
  assert.equal(cleared.code, 0, cleared.stderr);
  assert.match(at.lock(), /name: redis\n +version: 7\.1\.0/);
  const checked = await at.both<{ problems: unknown[] }>('lock check');
  assert.deepEqual(checked.data.problems, []);
  assert.match(checked.text, /^the lock is as prov wrote it: 3 extensions/);
});
