// A node:test reporter: a line a file, failures in full, skips with their reason; counts go to PROV_TEST_REPORT.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

export default async function* report(source) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const perFile = new Map();
  const failures = [];
  const skips = [];
  for await (const event of source) {
    const { type, data } = event;
    if (type === 'test:pass' || type === 'test:fail') {
      if (data.details?.type === 'suite' && type === 'test:pass') continue;
      const file = data.file ? relative(process.cwd(), data.file) : '';
      const isFileItself = data.nesting === 0 && data.name === data.file;
      if (isFileItself && type === 'test:pass') continue;
      const row = perFile.get(file) ?? { passed: 0, failed: 0, skipped: 0, ms: 0 };
      const subtestsFailed = data.details?.error?.failureType === 'subtestsFailed';
      const outcome =
        data.skip !== undefined || data.todo !== undefined
          ? 'skipped'
          : type === 'test:pass'
            ? 'passed'
            : 'failed';
      if (!(outcome === 'failed' && subtestsFailed)) {
        counts[outcome] += 1;
        row[outcome] += 1;
      }
      if (data.nesting === 0) row.ms += data.details?.duration_ms ?? 0;
      perFile.set(file, row);
      if (outcome === 'skipped')
        skips.push(`${file}: ${data.name}: ${typeof data.skip === 'string' ? data.skip : 'no reason given'}`);
      if (outcome === 'failed' && !subtestsFailed) {
        const error = data.details?.error;
        const cause = error?.cause ?? error;
        failures.push(
          `FAIL ${file} > ${data.name}\n${(cause?.stack ?? String(cause)).replace(/^/gm, '    ')}`,
        );
        yield `${failures.at(-1)}\n`;
      }
    } else if (type === 'test:diagnostic' && /^(info|seed|table):/.test(data.message)) {
      yield `  ${data.message}\n`;
    } else if (type === 'test:stderr' || type === 'test:stdout') {
      if (process.env.PROV_TEST_OUTPUT || type === 'test:stderr') yield data.message;
    }
  }
  for (const [file, row] of [...perFile].sort((a, b) => b[1].ms - a[1].ms)) {
    yield `${row.failed ? 'not ok' : 'ok'} ${file} ${row.passed} passed${row.skipped ? `, ${row.skipped} skipped` : ''} ${Math.round(row.ms)} ms\n`;
  }
  if (skips.length > 0) yield `\nskipped:\n${skips.map((line) => `  ${line}`).join('\n')}\n`;
  if (failures.length > 0)
    yield `\n${failures.length} failed:\n${failures.map((text) => `  ${text.split('\n')[0]}`).join('\n')}\n`;
  if (process.env.PROV_TEST_REPORT)
    writeFileSync(
      process.env.PROV_TEST_REPORT,
      JSON.stringify({ counts, files: Object.fromEntries(perFile) }),
    );
}
