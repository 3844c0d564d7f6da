/** Every installed package is under a licence that may be shipped with Apache-2.0 code. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './process.mjs';

const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'Artistic-2.0',
  'BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC-BY-3.0',
  'CC-BY-4.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'PostgreSQL',
  'Python-2.0',
  'Unlicense',
  'WTFPL',
  'Zlib',
]);

/** Packages that state no licence in their manifest; what their repositories state was looked up by hand. */
const STATED_ELSEWHERE = new Map([
  ['@event-driven-io/dumbo', 'MIT'],
  ['@event-driven-io/pongo', 'MIT'],
]);

/** State none at all; only the benchmarks compare with them, nothing of them is shipped. */
const NOT_SHIPPED = ['@event-driven-io/emmett', '@event-driven-io/emmett-postgresql'];

const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
const refused = [];
let seen = 0;
for (const [path, { link }] of Object.entries(packages)) {
  if (link || !path.includes('node_modules/') || !existsSync(join(ROOT, path, 'package.json'))) continue;
  seen++;
  const { name, license, licenses } = JSON.parse(readFileSync(join(ROOT, path, 'package.json'), 'utf8'));
  const stated = textOf(license ?? licenses) || (STATED_ELSEWHERE.get(name) ?? '');
  if (!isAllowed(stated) && !NOT_SHIPPED.includes(name)) refused.push(`${name}: ${stated || 'no licence'}`);
}
refused.forEach((line) => console.error(line));
console.log(`${seen} packages, ${refused.length} under a licence that is not allowed`);
process.exitCode = refused.length === 0 && seen > 0 ? 0 : 1;

function textOf(licence) {
  if (typeof licence === 'string') return licence;
  if (Array.isArray(licence)) return licence.map(textOf).join(' OR ');
  return licence?.type ?? '';
}

/** `A OR B` needs one of them, `A AND B` all. */
function isAllowed(expression) {
  const bare = expression.replace(/[()]/g, '');
  return bare.split(/ OR /i).some((part) => part.split(/ AND /i).every((one) => ALLOWED.has(one.trim())));
}
