import { digestAlgorithm, digestHex } from '#base';
import type { SbomExtension, SbomFacts } from './sbom-facts.js';

/** When the time of making is nobody's business: the document is a function of the lock. */
const NO_TIME = '1970-01-01T00:00:00Z';

/**
 * SPDX 2.3 as JSON, the same for the same lock. `created` is a required field; `SOURCE_DATE_EPOCH` sets it.
 * @see SPDX specification 2.3, clauses 6, 7 and 11
 */
export function spdx(facts: SbomFacts, epochSeconds?: number): string {
  const created =
    epochSeconds === undefined ? NO_TIME : `${new Date(epochSeconds * 1000).toISOString().slice(0, 19)}Z`;
  const hex = digestHex(facts.lockDigest);
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: facts.name,
    documentNamespace: `https://spdx.org/spdxdocs/prov-${facts.name}-${hex}`,
    creationInfo: { created, creators: [`Tool: prov-${facts.provVersion}`] },
    packages: [
      {
        SPDXID: 'SPDXRef-workspace',
        name: facts.name,
        downloadLocation: 'NOASSERTION',
        filesAnalyzed: false,
        licenseConcluded: 'NOASSERTION',
        licenseDeclared: 'NOASSERTION',
        copyrightText: 'NOASSERTION',
      },
      ...facts.extensions.map(packageOf),
    ],
    relationships: [
      relation('SPDXRef-DOCUMENT', 'DESCRIBES', 'SPDXRef-workspace'),
      ...facts.direct.map((ref) => relation('SPDXRef-workspace', 'DEPENDS_ON', idOf(ref))),
      ...facts.extensions.flatMap(({ ref, dependsOn }) =>
        dependsOn.map((target) => relation(idOf(ref), 'DEPENDS_ON', idOf(target))),
      ),
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function packageOf(each: SbomExtension) {
  const { ref, name, version, description, homepage, licence, authors, digest, purl } = each;
  return {
    SPDXID: idOf(ref),
    name,
    versionInfo: version,
    ...(description !== undefined && { description }),
    ...(homepage !== undefined && { homepage }),
    ...(authors[0] !== undefined && { originator: `Organization: ${authors[0]}` }),
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    checksums: [{ algorithm: digestAlgorithm(digest).toUpperCase(), checksumValue: digestHex(digest) }],
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: licence ?? 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
  };
}

function relation(from: string, relationshipType: string, to: string) {
  return { spdxElementId: from, relationshipType, relatedSpdxElement: to };
}

/** Letters, digits, `.` and `-` only. */
function idOf(ref: string): string {
  return `SPDXRef-${ref.replace(/[^A-Za-z0-9.-]/g, '-')}`;
}
