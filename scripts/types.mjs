// Writes dist/types/: the declarations of the library door and of what they mention, with `#room` made relative.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const OUT = 'dist/types';
const DOOR = 'manager/index';
const SPECIFIER = /((?:from|import)\s*\(?\s*)(['"])([#.][^'"]*)\2/g;

export function emitTypes() {
  rmSync(OUT, { recursive: true, force: true });
  const seen = new Set();
  const queue = [DOOR];
  while (queue.length > 0) {
    const module = queue.pop();
    if (seen.has(module)) continue;
    seen.add(module);
    const text = readFileSync(join('build', `${module}.d.ts`), 'utf8').replace(
      /^\/\/# sourceMappingURL.*$/m,
      '',
    );
    const own = text.replace(SPECIFIER, (_, before, quote, specifier) => {
      const target = specifier.startsWith('#')
        ? `${specifier.slice(1)}/index`
        : join(dirname(module), specifier.replace(/\.js$/, ''));
      queue.push(target);
      const path = relative(dirname(module), target);
      return `${before}${quote}${path.startsWith('.') ? path : `./${path}`}.js${quote}`;
    });
    const file = join(OUT, `${module}.d.ts`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, own);
  }
}
