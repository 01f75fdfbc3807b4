import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { projectRoot } from '../support/project.js';

const SKIPPED = new Set(['node_modules', 'build', 'dist', 'fixtures']);

/** Paths of all Markdown files of the project, relative to its root, sorted. */
export function markdownFiles(): readonly string[] {
  const found: string[] = [];
  const walk = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && !SKIPPED.has(entry.name) && !entry.name.startsWith('.')) walk(path);
      else if (entry.isFile() && entry.name.endsWith('.md')) found.push(relative(projectRoot, path));
    }
  };
  walk(projectRoot);
  return found.sort();
}

export function readMarkdown(path: string): string {
  return readFileSync(join(projectRoot, path), 'utf8');
}

/** The text without fenced code. */
export function withoutFences(markdown: string): string {
  return markdown.replace(/^```[^\n]*\n[\s\S]*?^```$/gm, '');
}

/** The text inside of each fence. */
export function fences(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^```[^\n]*\n([\s\S]*?)^```$/gm)].map(([, text]) => text!);
}

/** A fence marked `example: NAME`, or `example: NAME fails CODE`. */
export interface Example {
  readonly line: number;
  readonly name: string;
  readonly fails: string | undefined;
  readonly text: string;
}

export function examples(markdown: string): readonly Example[] {
  const pattern = /^```\w+ example: (\S+)(?: fails (\w+))?\n([\s\S]*?)^```$/gm;
  return [...markdown.matchAll(pattern)].map((match) => ({
    line: markdown.slice(0, match.index).split('\n').length,
    name: match[1]!,
    fails: match[2],
    text: match[3]!,
  }));
}

/** Anchors of headings, as GitHub makes them, and of `<a id="…">`. */
export function anchors(markdown: string): ReadonlySet<string> {
  const headings = [...withoutFences(markdown).matchAll(/^#{1,6} +(.+)$/gm)].map(([, text]) =>
    text!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
  const ids = [...markdown.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id!);
  return new Set([...headings, ...ids]);
}
