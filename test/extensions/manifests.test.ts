import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { kindPlural, parseExtensionManifest, parseYaml } from '#schemas';
import { extensionsRoot } from './harness.js';

const shipped = ['providers', 'taskservs', 'clusters'].flatMap((kinds) =>
  readdirSync(join(extensionsRoot, kinds)).map((name) => `${kinds}/${name}`),
);

/** Every file of an extension, relative to it. */
function files(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((each) =>
    statSync(join(dir, each)).isFile(),
  );
}

for (const extension of shipped) {
  describe(`shipped extension ${extension}`, () => {
    const dir = join(extensionsRoot, extension);
    const path = join(dir, 'manifest.yaml');
    const manifest = parseExtensionManifest(readFileSync(path, 'utf8'), path, '0.1.0').value;

    test('lies under its kind and name, with every customary file', () => {
      assert.equal(extension, `${kindPlural(manifest.type)}/${manifest.name}`);
      for (const each of ['docs/README.md', 'CHANGELOG.md', 'LICENSE', 'tests', 'scripts'])
        assert.ok(existsSync(join(dir, each)), each);
      assert.match(
        readFileSync(join(dir, 'CHANGELOG.md'), 'utf8'),
        new RegExp(`^## ${manifest.version.replaceAll('.', '\\.')}$`, 'm'),
      );
    });

    test('names scripts that exist', () => {
      const named = Object.values({ ...manifest.scripts, ...manifest.operations });
      assert.ok(named.length > 0);
      for (const each of named) assert.ok(existsSync(join(dir, each)), each);
    });

    test('has defaults that its own schema accepts, and refuses an unknown key', () => {
      const { schema, defaults } = manifest.configuration!;
      const validate = new Ajv2020({ strict: true }).compile(
        JSON.parse(readFileSync(join(dir, schema!), 'utf8')) as object,
      );
      const value = parseYaml(readFileSync(join(dir, defaults!), 'utf8'), defaults!).value as object;
      assert.equal(validate(value), true, JSON.stringify(validate.errors));
      assert.equal(validate({ ...value, no_such_key: 1 }), false);
    });

    test('pins each asset by digest, size and platform, and names no registry host', () => {
      for (const each of manifest.assets ?? []) {
        assert.match(each.source, /^npm:@[a-z-]+\/[a-z0-9-]+@\d+\.\d+\.\d+\S*$/);
        assert.ok(each.size !== undefined && manifest.platforms?.includes(each.platform!), each.name);
      }
      for (const each of files(dir)) {
        if (!each.endsWith('.bundle.mjs'))
          assert.doesNotMatch(readFileSync(join(dir, each), 'utf8'), /registry\.npm|npmjs/, each);
      }
    });
  });
}
