// Turns one compiled ES module into the body of a function whose imports are loaded when a binding is first used.
import { parse } from '@babel/parser';
import { transform } from 'esbuild';

/** What esbuild puts above a module that it turns into CommonJS: replaced by the runtime of the bundle. */
const HELPER =
  /^__(?:create|defProp|getOwnPropDesc|getOwnPropNames|getProtoOf|hasOwnProp|export|copyProps|toESM|toCommonJS)$/;
/** Stands for `import.meta.url`, which CommonJS does not have. */
const URL_NAME = '__moduleUrl';
/** What a factory is given: names that no variable of a module has, since one that had would hide it. */
const GIVEN = /^__(?:set|at|builtin|url)$/;

/**
 * The body of a factory, `(__set, __at, __builtin, require, __url) => {…}`: `__set` takes the object of its exports,
 * `__url` gives its address, and `resolve(specifier)` the expression that loads another module with the rest. Also
 * gives what it takes of each import: names, or '*' for all of it.
 *
 * esbuild does the change to CommonJS, and thereby the analysis of scopes: an import becomes `var import_x =
 * require(…)` under a name that nothing else in the file has, so that every identifier of that name is a use.
 */
export async function lazyModule(source, { file, target, resolve }) {
  const { code } = await transform(source, {
    format: 'cjs',
    platform: 'node',
    target,
    sourcefile: file,
    define: { 'import.meta.url': URL_NAME },
    logLevel: 'error',
  });
  const { program } = parse(code, { sourceType: 'script' });
  const imports = new Map();
  const eager = [];
  const edits = [];
  const drop = ({ start, end }) => edits.push([start, end, '']);
  const roots = [];
  let exported = [];
  for (const statement of program.body) {
    const what = classify(statement);
    if (what.type === 'other') {
      roots.push(statement);
      continue;
    }
    drop(statement);
    if (what.type === 'import') imports.set(what.name, { specifier: what.specifier, used: new Set() });
    if (what.type === 'side-effect') eager.push(what.specifier);
    if (what.type === 'exports') {
      exported = what.properties.map(({ key, value }) => ({
        name: key.name ?? key.value,
        start: value.body.start,
        end: value.body.end,
      }));
      roots.push(...what.properties.map(({ value }) => value));
    }
    if (what.type === 'unknown')
      throw new Error(
        `${file}: cannot turn "${code.slice(statement.start, statement.end)}" into a lazy module`,
      );
  }
  const dynamic = [];
  const visit = (node, parent, key, grandparent) => {
    if (isImportCall(node)) {
      const [given] = node.arguments ?? [node.source];
      if (given.type !== 'StringLiteral') throw new Error(`${file}: import() of what is not a literal`);
      dynamic.push({ specifier: given.value, names: destructured(parent, grandparent) });
      const load = resolve(given.value);
      edits.push([node.start, node.end, `Promise.resolve().then(() => (${load}))`]);
      return;
    }
    if (node.type !== 'Identifier' || isName(parent, key)) return;
    if (node.name === URL_NAME) edits.push([node.start, node.end, '__url()']);
    if (GIVEN.test(node.name)) throw new Error(`${file}: ${node.name} is a name of the bundle`);
    const found = imports.get(node.name);
    if (found === undefined) return;
    const member =
      parent.type === 'MemberExpression' && key === 'object' && !parent.computed ? parent : undefined;
    // In brackets, since `new x().y()` would call the wrong one.
    const use = `(${node.name}())`;
    found.used.add(member === undefined ? '*' : member.property.name);
    // A module of Node is its own default export.
    if (member?.property.name === 'default' && /^node:/.test(found.specifier))
      edits.push([node.start, member.end, use]);
    else
      edits.push([
        node.start,
        node.end,
        parent.type === 'ObjectProperty' && parent.shorthand ? `${node.name}: ${use}` : use,
      ]);
  };
  for (const root of roots) walk(root, program, visit, 'body');
  const text = (start, end) => apply(code, edits, start, end);
  const loaders = [...imports].map(
    ([name, { specifier }], i) => `let __i${i}; const ${name} = () => __i${i} ??= ${resolve(specifier)};`,
  );
  const getters = exported.map(({ name, start, end }) => `get ${name}() { return ${text(start, end)}; }`);
  const body = [
    `__set({ ${getters.join(', ')} });`,
    ...loaders,
    ...eager.map((specifier) => `${resolve(specifier)};`),
    text(program.start, program.end),
  ].join('\n');
  const uses = [
    ...[...imports.values()].map(({ specifier, used }) => ({ specifier, names: [...used] })),
    ...eager.map((specifier) => ({ specifier, names: [] })),
    ...dynamic.map(({ specifier, names }) => ({ specifier, names: names ?? ['*'] })),
  ];
  return { body, uses, exported: exported.map(({ name }) => name) };
}

/** What a statement at the top of esbuild's CommonJS is. */
function classify(statement) {
  if (statement.type === 'VariableDeclaration' && statement.declarations.length === 1) {
    const [{ id, init }] = statement.declarations;
    if (HELPER.test(id.name)) return { type: 'helper' };
    if (/_exports$/.test(id.name) && init?.type === 'ObjectExpression' && init.properties.length === 0)
      return { type: 'helper' };
    const specifier = required(init) ?? (called(init, '__toESM') && required(init.arguments[0]));
    if (specifier) return { type: 'import', name: id.name, specifier };
    return { type: 'other' };
  }
  if (statement.type !== 'ExpressionStatement') return { type: 'other' };
  const { expression } = statement;
  if (called(expression, '__export'))
    return { type: 'exports', properties: expression.arguments[1].properties };
  if (called(expression, '__reExport')) return { type: 'unknown' };
  if (required(expression)) return { type: 'side-effect', specifier: required(expression) };
  if (expression.type === 'AssignmentExpression' && called(expression.right, '__toCommonJS'))
    return { type: 'helper' };
  if (expression.type === 'LogicalExpression' && expression.left.value === 0) return { type: 'helper' };
  return { type: 'other' };
}

function called(node, name) {
  return node?.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === name;
}

function required(node) {
  return called(node, 'require') ? node.arguments[0].value : undefined;
}

function isImportCall(node) {
  return (
    node.type === 'ImportExpression' || (node.type === 'CallExpression' && node.callee.type === 'Import')
  );
}

/** The names in `const { a, b: c } = await import(…)`; undefined when all of the module may be used. */
function destructured(parent, grandparent) {
  if (parent.type !== 'AwaitExpression' || grandparent.type !== 'VariableDeclarator') return undefined;
  if (grandparent.id.type !== 'ObjectPattern') return undefined;
  return grandparent.id.properties.map(({ key }) => key.name ?? key.value);
}

/** Whether an identifier is a name of a property or label, not a variable. */
function isName(parent, key) {
  if (key === 'property' && parent.type === 'MemberExpression') return !parent.computed;
  if (key === 'label') return true;
  return key === 'key' && !parent.computed;
}

function walk(node, parent, visit, key, grandparent) {
  visit(node, parent, key, grandparent);
  for (const [name, value] of Object.entries(node)) {
    if (name === 'loc' || name === 'extra' || /[cC]omments$/.test(name)) continue;
    // A shorthand property is one identifier, twice.
    if (name === 'key' && node.shorthand) continue;
    for (const each of Array.isArray(value) ? value : [value])
      if (typeof each?.type === 'string') walk(each, node, visit, name, parent);
  }
}

/** The text from `start` to `end` with what was edited in it; an edit inside an edited part is dropped. */
function apply(code, edits, start, end) {
  let at = start;
  let out = '';
  for (const [from, to, text] of edits
    .filter(([from, to]) => from >= start && to <= end)
    .sort((a, b) => a[0] - b[0] || b[1] - a[1])) {
    if (from < at) continue;
    out += code.slice(at, from) + text;
    at = to;
  }
  return out + code.slice(at, end);
}
