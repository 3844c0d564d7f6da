/** The lockfile names no registry host: the same file installs from any mirror, and tells nobody's. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './process.mjs';

const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
const hosted = Object.entries(packages).filter(([, { resolved }]) => /^[a-z+]+:\/\//.test(resolved ?? ''));
const unsealed = Object.entries(packages).filter(
  ([name, { integrity, link }]) => name.includes('node_modules/') && !link && integrity === undefined,
);
hosted.forEach(([name, { resolved }]) =>
  console.error(`${name} is bound to ${resolved}: set omit-lockfile-registry-resolved`),
);
unsealed.forEach(([name]) => console.error(`${name} has no integrity hash`));
console.log(
  `${Object.keys(packages).length} packages, ${hosted.length} bound to a host, ${unsealed.length} without a hash`,
);
process.exitCode = hosted.length + unsealed.length === 0 ? 0 : 1;
