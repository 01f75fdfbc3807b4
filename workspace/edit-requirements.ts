import { join } from 'node:path';
import { type Document, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { ProvError, withFileLock, writeFileAtomic } from '#base';
import {
  isExtensionName,
  isRange,
  KIND_PLURALS,
  type Kind,
  kindPlural,
  parseRange,
  parseReference,
  suggestKey,
} from '#schemas';
import { readProvisioningText } from './config-file.js';
import { PROVISIONING_FILE } from './find-workspace.js';
import { readText } from './read-text.js';
import { directoryName, splitAlias } from './requirements.js';

const MODULES = ['dependencies', 'extensions', 'modules'] as const;

export interface RequirementEdit {
  readonly kind: Kind;
  readonly name: string;
  /** Where it is when not in the registry's own namespace. Such a requirement is a reference, in a list. */
  readonly namespace?: string | undefined;
  /** The name that it gets in the workspace, so that two versions stand side by side. */
  readonly alias?: string | undefined;
}

/** An edit that was not made yet. */
export interface PlannedEdit {
  readonly file: string;
  /** False when the file says so already. */
  readonly changed: boolean;
  /** What the file will say. */
  readonly text: string;
  /** Replaces the file as one step. @throws WORKSPACE_FILE_CHANGED when somebody else changed it since. */
  write(): Promise<void>;
}

/** What an edit did; `changed` is false when the file said so already. */
export interface EditResult {
  readonly file: string;
  readonly changed: boolean;
}

/**
 * Makes `config/provisioning.yaml` require `name` in `range`, keeping comments and order. In a list of
 * references an entry for the same name is replaced by `name@range`. The file is replaced as one step.
 * @throws SCHEMAS_RANGE_INVALID, SCHEMAS_NAME_INVALID, SCHEMAS_* when the file is not valid.
 */
export async function setRequirement(
  root: string,
  edit: RequirementEdit & { readonly range: string },
): Promise<EditResult> {
  return perform(await planSetRequirement(root, edit));
}

/** The same edit, checked but not made. */
export async function planSetRequirement(
  root: string,
  edit: RequirementEdit & { readonly range: string },
): Promise<PlannedEdit> {
  for (const name of [edit.name, edit.alias ?? edit.name])
    if (!isExtensionName(name))
      throw new ProvError('SCHEMAS_NAME_INVALID', {
        value: name,
        what: 'extension name',
        suggestion: 'Write 2 to 63 lower-case letters and digits, joined by . _ or -.',
      });
  const label = edit.alias ?? edit.name;
  const alias = label === edit.name ? undefined : label;
  parseRange(edit.range);
  return planEdit(root, (document) => {
    const path = [...MODULES, kindPlural(edit.kind)];
    if (edit.namespace !== undefined) toReferences(document, path);
    const list = document.getIn(path);
    if (isSeq(list)) {
      const at = list.items.findIndex((item) => nameOf(item) === label);
      const place = edit.namespace === undefined ? '' : `${edit.namespace}/`;
      const text = `${place}${edit.name}@${edit.range}${alias === undefined ? '' : ` as ${alias}`}`;
      if (at < 0) list.add(document.createNode(text));
      else document.setIn([...path, at], text);
      return;
    }
    if (document.getIn(path) === null) document.deleteIn(path);
    document.setIn([...path, label], alias === undefined ? edit.range : `${edit.name}@${edit.range}`);
  });
}

/** Takes a requirement out again, keeping everything else. @throws WORKSPACE_REQUIREMENT_UNKNOWN */
export async function removeRequirement(
  root: string,
  edit: { readonly name: string; readonly kind?: Kind },
): Promise<EditResult> {
  return perform(await planRemoveRequirement(root, edit));
}

/** The same edit, checked but not made. @throws WORKSPACE_REQUIREMENT_UNKNOWN */
export async function planRemoveRequirement(
  root: string,
  edit: { readonly name: string; readonly kind?: Kind },
): Promise<PlannedEdit> {
  return planEdit(root, (document) => {
    const kinds = edit.kind === undefined ? KIND_PLURALS : [kindPlural(edit.kind)];
    const names: string[] = [];
    for (const kind of kinds) {
      const path = [...MODULES, kind];
      const node = document.getIn(path);
      if (isSeq(node)) {
        names.push(...node.items.flatMap((item) => nameOf(item) ?? []));
        const at = node.items.findIndex((item) => nameOf(item) === edit.name);
        if (at >= 0) return void document.deleteIn([...path, at]);
      }
      if (isMap(node)) {
        names.push(...node.items.map(({ key }) => String(isScalar(key) ? key.value : key)));
        if (document.deleteIn([...path, edit.name])) return;
      }
    }
    throw new ProvError('WORKSPACE_REQUIREMENT_UNKNOWN', {
      name: edit.name,
      suggestion:
        names.length === 0
          ? 'The workspace requires nothing.'
          : suggestKey(edit.name, names)
              .replace('Known keys here', 'It requires')
              .replace(' Own keys start with x-.', ''),
    });
  });
}

/** Turns `name: range` into a list of `name@range`, which can hold namespaces too. */
function toReferences(document: Document, path: readonly string[]): void {
  const node = document.getIn(path);
  if (isSeq(node)) return;
  const items = isMap(node)
    ? node.items.map(({ key, value }) =>
        isRange(text(value)) ? `${text(key)}@${text(value)}` : `${text(value)} as ${text(key)}`,
      )
    : [];
  document.setIn(path, document.createNode(items));
}

function text(node: unknown): string {
  return String(isScalar(node) ? node.value : node);
}

export async function editFile(root: string, change: (document: Document) => void): Promise<EditResult> {
  return perform(await planEdit(root, change));
}

async function perform({ file, changed, write }: PlannedEdit): Promise<EditResult> {
  await write();
  return { file, changed };
}

export async function planEdit(root: string, change: (document: Document) => void): Promise<PlannedEdit> {
  const file = join(root, PROVISIONING_FILE);
  const before = await readText(file);
  readProvisioningText(before, file);
  const document = parseDocument(before, { version: '1.2' });
  change(document as Document);
  const text = document.toString({ lineWidth: 0 });
  readProvisioningText(text, file);
  return {
    file,
    changed: text !== before,
    text,
    async write() {
      if (text === before) return;
      await withFileLock(file, async () => {
        if ((await readText(file)) !== before) throw new ProvError('WORKSPACE_FILE_CHANGED', { path: file });
        writeFileAtomic(file, text);
      });
    },
  };
}

/** The extension that an item of a list of references names. */
function nameOf(item: unknown): string | undefined {
  const written = isScalar(item) ? item.value : undefined;
  if (typeof written !== 'string') return undefined;
  const { reference: text, alias } = splitAlias(written);
  if (alias !== undefined) return alias;
  const reference = parseReference(text);
  if (reference.type === 'directory') return directoryName(reference.path);
  return reference.type === 'remote' ? reference.repository.split('/').at(-1) : undefined;
}
