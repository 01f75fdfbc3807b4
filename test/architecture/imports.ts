import { parse } from '@babel/parser';
import type { Node } from '@babel/types';

/** How one module names another: `import`, `import type`, `export … from`, `import()`, `require()`. */
export interface ImportSite {
  readonly specifier: string;
  readonly form: 'import' | 'import type' | 'export from' | 'import()' | 'require' | 'import type expression';
  readonly line: number;
}

/** Every place where a TypeScript source names another module, found with a real parser. */
export function findImports(source: string): ImportSite[] {
  const ast = parse(source, {
    sourceType: 'module',
    plugins: ['typescript', 'importAttributes'],
    errorRecovery: false,
  });
  const sites: ImportSite[] = [];
  const add = (node: Node, form: ImportSite['form'], specifier: string) =>
    sites.push({ specifier, form, line: node.loc?.start.line ?? 0 });
  walk(ast.program, (node) => {
    if (node.type === 'ImportDeclaration')
      add(node, node.importKind === 'type' ? 'import type' : 'import', node.source.value);
    else if ((node.type === 'ExportNamedDeclaration' || node.type === 'ExportAllDeclaration') && node.source)
      add(node, 'export from', node.source.value);
    else if (node.type === 'ImportExpression' && node.source.type === 'StringLiteral')
      add(node, 'import()', node.source.value);
    else if (node.type === 'TSImportType') {
      const argument = (
        node as unknown as { argument: { type: string; value?: string; literal?: { value: string } } }
      ).argument;
      add(node, 'import type expression', argument.value ?? argument.literal?.value ?? '');
    } else if (node.type === 'CallExpression' && node.arguments[0]?.type === 'StringLiteral') {
      const { callee } = node;
      if (callee.type === 'Import') add(node, 'import()', node.arguments[0].value);
      if (callee.type === 'Identifier' && callee.name === 'require')
        add(node, 'require', node.arguments[0].value);
    }
  });
  return sites;
}

function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child && typeof child === 'object' && typeof (child as Node).type === 'string')
        walk(child as Node, visit);
    }
  }
}
