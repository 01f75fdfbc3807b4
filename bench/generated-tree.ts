import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededNumbers } from './seeded-bytes.js';

const FILES = 2000;
const FOLDERS = 360;
const MEAN_BYTES = 6000;
const WORDS = 3000;

/** An extension of 2,000 text files in 360 folders, about 12 MB that compress like source code. */
export function writeGeneratedTree(directory: string, seed: string): void {
  const next = seededNumbers(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  const words = Array.from({ length: WORDS }, () =>
    Array.from({ length: 2 + below(9) }, () => String.fromCharCode(97 + below(26))).join(''),
  );
  /** Few words often, most words seldom, as in real text. */
  const word = () => words[Math.floor(WORDS * next() ** 4)]!;
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    join(directory, 'manifest.yaml'),
    'schema: 1\nname: tree\ntype: taskserv\nversion: 1.0.0\ndescription: A generated tree.\nlicense: Apache-2.0\n',
  );
  const folders = Array.from({ length: FOLDERS }, (_, i) => `src/${i % 20}/part-${i}`);
  for (const folder of folders) mkdirSync(join(directory, folder), { recursive: true });
  for (let i = 0; i < FILES; i++) {
    const size = Math.floor(MEAN_BYTES * (0.1 + 1.8 * next()));
    const lines: string[] = [];
    for (let length = 0; length < size; ) {
      const line = `${'  '.repeat(below(4))}${word()}.${word()}(${word()}, ${word()}); // ${word()} ${word()} ${below(100)}`;
      lines.push(line);
      length += line.length + 1;
    }
    writeFileSync(join(directory, folders[i % FOLDERS]!, `file-${i}.js`), `${lines.join('\n')}\n`);
  }
}
