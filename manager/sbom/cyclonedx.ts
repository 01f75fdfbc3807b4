import { digestAlgorithm, digestHex } from '#base';
import type { SbomFacts } from './sbom-facts.js';

/** CycloneDX 1.6 as JSON; no time and a serial number made of the lock, so that it is the same each time. */
export async function cyclonedx(facts: SbomFacts): Promise<string> {
  // CommonJS: once bundled, these modules have a default export only.
  const [{ default: Enums }, { default: Models }, { default: Serialize }, { default: Spec }] =
    await Promise.all([
      import('@cyclonedx/cyclonedx-library/Enums'),
      import('@cyclonedx/cyclonedx-library/Models'),
      import('@cyclonedx/cyclonedx-library/Serialize'),
      import('@cyclonedx/cyclonedx-library/Spec'),
    ]);
  const root = new Models.Component(Enums.ComponentType.Platform, facts.name, { bomRef: 'workspace' });
  const bom = new Models.Bom({ version: 1, serialNumber: serialNumber(facts) });
  bom.metadata.component = root;
  bom.metadata.tools.components.add(
    new Models.Component(Enums.ComponentType.Application, 'prov', { version: facts.provVersion }),
  );
  const components = new Map(
    facts.extensions.map((each) => {
      const component = new Models.Component(Enums.ComponentType.Application, each.name, {
        bomRef: each.ref,
        version: each.version,
        purl: each.purl as never,
        description: each.description,
      });
      const algorithm =
        digestAlgorithm(each.digest) === 'sha512'
          ? Enums.HashAlgorithm['SHA-512']
          : Enums.HashAlgorithm['SHA-256'];
      component.hashes.set(algorithm, digestHex(each.digest));
      if (each.authors.length > 0) component.author = each.authors.join(', ');
      if (each.licence !== undefined) component.licenses.add(new Models.LicenseExpression(each.licence));
      if (each.homepage !== undefined) {
        const type = Enums.ExternalReferenceType.Website;
        component.externalReferences.add(new Models.ExternalReference(each.homepage, type));
      }
      component.properties.add(new Models.Property('prov:kind', each.kind));
      return [each.ref, component] as const;
    }),
  );
  for (const { ref, dependsOn } of facts.extensions) {
    const component = components.get(ref)!;
    bom.components.add(component);
    for (const target of dependsOn) component.dependencies.add(components.get(target)!.bomRef);
  }
  for (const ref of facts.direct) root.dependencies.add(components.get(ref)!.bomRef);
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

/** A UUID of version 8 (made by us) from the lock's digest. @see RFC 9562, 5.8 */
function serialNumber({ lockDigest }: SbomFacts): string {
  const hex = digestHex(lockDigest);
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16);
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return `urn:uuid:${parts.join('-')}`;
}
