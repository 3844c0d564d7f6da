/**
 * Prepares the parts of an image (see infra/Dockerfile):
 *   node infra/image.mjs manifests <target>          every package.json, the lockfile, prune.mjs: what an install depends on
 *   node infra/image.mjs service <service> <target>  package.json and dist/ of the app and of what it is built on
 */
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFolders } from '../tools/workspace.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const [task, ...args] = process.argv.slice(2);

if (task === 'manifests' && args.length === 1) copyManifests(args[0]);
else if (task === 'service' && args.length === 2) await buildService(...args);
else fail('usage: image.mjs manifests <target> | service <service> <target>');

function copyManifests(target) {
  const files = [
    'package.json',
    'package-lock.json',
    '.npmrc',
    'infra/prune.mjs',
    ...packageFolders(ROOT).map((folder) => `${folder}/package.json`),
  ];
  for (const file of files) copy(file, target);
}

async function buildService(service, target) {
  const folders = closure(`apps/${service}`);
  const { build } = await import('../tools/build.mjs');
  const { written, errors } = await build(folders, ROOT);
  if (errors.length > 0) fail(errors.join('\n'));
  for (const folder of folders) {
    copy(`${folder}/package.json`, target);
    copy(`${folder}/dist`, target, (path) => basename(path) !== 'testing');
  }
  console.log(`${service}: ${folders.length} packages, ${written} files built`);
}

/** The app's folder and those of every workspace package that it needs at run time, directly or not. */
function closure(app) {
  if (!existsSync(join(ROOT, app, 'package.json'))) fail(`there is no ${app}`);
  const byName = new Map(packageFolders(ROOT).map((folder) => [manifestOf(folder).name, folder]));
  const found = new Set([app]);
  for (const folder of found) {
    for (const name of Object.keys(manifestOf(folder).dependencies ?? {})) {
      if (byName.has(name)) found.add(byName.get(name));
    }
  }
  return [...found];
}

function manifestOf(folder) {
  return JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
}

function copy(path, target, filter = () => true) {
  mkdirSync(dirname(join(target, path)), { recursive: true });
  cpSync(join(ROOT, path), join(target, path), { recursive: true, filter });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
