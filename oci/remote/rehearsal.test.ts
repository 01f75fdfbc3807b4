import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MEDIA } from '#schemas';
import { Rehearsal } from './rehearsal.js';
import { blobOf, emptyConfig, fixture, manifestOf, sourceOf } from './test-support.js';

test('a rehearsal lists tags as the real run would, and each referrer once whatever tags lead to it', async (t) => {
  const rehearsal = new Rehearsal();
  const { repository, server } = await fixture(t, {}, { rehearsal });
  await repository.push(blobOf(emptyConfig), sourceOf(emptyConfig));
  const subject = manifestOf({ note: 'subject' });
  await repository.pushManifest(subject.bytes, MEDIA.ociManifest, { tags: ['1.0.0', 'shape'] });
  const artifactType = 'application/x.signature';
  const signature = manifestOf({ subject: subject.descriptor as never, artifactType });
  const side = `${subject.descriptor.digest.replace(':', '-')}.sig`;
  await repository.pushManifest(signature.bytes, MEDIA.ociManifest, { tags: [side] });
  assert.deepEqual([...(await repository.list())].sort(), ['1.0.0', 'shape', side].sort());
  const digests = (await repository.referrers(subject.descriptor)).map(({ digest }) => digest);
  assert.deepEqual(digests, [signature.descriptor.digest]);
  const written = server.seen.filter(({ method }) => method !== 'GET' && method !== 'HEAD');
  assert.deepEqual(written, []);
  assert.ok(rehearsal.plan().bytes > 0);
});
