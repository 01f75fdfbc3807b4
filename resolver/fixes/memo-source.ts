import {
  type ClosureSource,
  type FactsSource,
  hasClosure,
  hasFacts,
  hasProviders,
  type MetadataSource,
  type ProviderSource,
} from '../metadata/metadata-source.js';

/** A source that asks `source` for each thing once, so that many resolutions cost the lookups of one. */
export function memoSource(source: MetadataSource): MetadataSource {
  const memo = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, look: () => Promise<T>): Promise<T> => {
    const known = memo.get(key) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const asked = look();
    memo.set(key, asked);
    // What failed or was broken off is asked for again.
    asked.catch(() => memo.delete(key));
    return asked;
  };
  const facts: FactsSource | undefined = hasFacts(source)
    ? {
        facts: (id, version, options) => once(`f ${id}@${version}`, () => source.facts(id, version, options)),
      }
    : undefined;
  const closure: ClosureSource | undefined = hasClosure(source)
    ? {
        async closure(roots, options) {
          // Whatever a closure told is known singly; other ranges of the same packages need no second one.
          if (roots.every(({ id }) => memo.has(`v ${id}`))) return new Map();
          const found = await source.closure(roots, options);
          for (const [id, metadata] of found)
            if (!memo.has(`v ${id}`)) memo.set(`v ${id}`, Promise.resolve(metadata));
          return found;
        },
      }
    : undefined;
  const providers: ProviderSource | undefined = hasProviders(source)
    ? { providers: (name, options) => once(`p ${name}`, () => source.providers(name, options)) }
    : undefined;
  return {
    versions: (id, options) => once(`v ${id}`, () => source.versions(id, options)),
    ...facts,
    ...closure,
    ...providers,
  };
}
