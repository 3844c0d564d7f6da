/** Writes docs/problems.md, every code that callers can meet, from libs/kernel/src/problems.ts; `--check` compares. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './process.mjs';
import { writePage } from './page.mjs';

const kinds = readKinds(readFileSync(join(ROOT, 'libs/platform/src/http/problem.ts'), 'utf8'));
const groups = readProblems(readFileSync(join(ROOT, 'libs/kernel/src/problems.ts'), 'utf8'));

const sections = groups.map(({ name, problems }) => {
  const rows = problems.map(({ code, kind, title }) => {
    if (!kinds.has(kind)) throw new Error(`no HTTP status is known for the kind ${kind} of ${code}`);
    return `| \`${code}\` | ${kinds.get(kind)} | ${title} |`;
  });
  return `## ${name[0].toUpperCase()}${name.slice(1)}\n\n| Code | Status | Meaning |\n| --- | --- | --- |\n${rows.join('\n')}`;
});
const page = [
  '# Problems',
  'Every refusal is an `application/problem+json` document (RFC 9457) with one of these codes in `code`, a sentence in `detail`, and, where fields are at fault, `errors[]` with a JSON pointer each. Made from the registry in `libs/kernel` by `npm run map`; CI compares.',
  ...sections,
  '',
].join('\n\n');

const check = process.argv.includes('--check');
process.exitCode = (await writePage('docs/problems.md', page, { check, command: 'npm run map' })) ? 0 : 1;

/** `'kind': 404,` lines of the HTTP filter's table. */
function readKinds(text) {
  return new Map([...text.matchAll(/^\s+'?([a-z-]+)'?: (\d{3}),/gm)].map(([, kind, status]) => [kind, status]));
}

/** `CODE: { kind: '...', title: '...' }` under `// group` comments; every entry must be read. */
function readProblems(text) {
  const table = text.slice(text.indexOf('export const problems'));
  const found = [];
  for (const [, group, code, kind, title] of table.matchAll(
    /^ {2}\/\/ (.+)$|^ {2}([A-Z][A-Z_]+): \{\s*kind: '([a-z-]+)',\s*title:\s*(?:'([^']+)'|"[^"]+"),?\s*\}/gm,
  )) {
    if (group) found.push({ name: group, problems: [] });
    else found.at(-1).problems.push({ code, kind, title });
  }
  const entries = table.match(/kind: '/g)?.length ?? 0;
  const read = found.reduce((sum, { problems }) => sum + problems.length, 0);
  if (read !== entries) throw new Error(`${entries - read} entries of problems.ts could not be read`);
  return found;
}
