/**
 * `node infra/prune.mjs <app> <target>`: copies what the app needs at run time out of an installed checkout, and nothing
 * else. An install for one workspace still brings what others develop with, and optional peers of third parties.
 * Stands alone: images are made with no more than this file and the manifests.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Folders of the app and of all packages that it needs, directly or not, relative to the checkout, in order. */
export function needed(root, app) {
  const found = new Set([app]);
  for (const folder of found) {
    for (const { name, optional } of requirements(manifestOf(root, folder))) {
      const place = resolvePackage(root, folder, name);
      if (place !== undefined) found.add(place);
      else if (!optional) throw new Error(`${folder} needs ${name}, which is not installed`);
    }
  }
  return [...found].sort();
}

function requirements({
  dependencies = {},
  optionalDependencies = {},
  peerDependencies = {},
  peerDependenciesMeta = {},
}) {
  const optional = new Set(Object.keys(optionalDependencies));
  const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
  const names = new Set([...Object.keys(dependencies), ...optional, ...peers]);
  return [...names].map((name) => ({ name, optional: optional.has(name) }));
}

/** As Node looks for it: beside the package that asks, then further up. Links lead to the workspace's own folders. */
function resolvePackage(root, from, name) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(root, folder, 'node_modules', name);
    if (basename(folder) !== 'node_modules' && existsSync(join(candidate, 'package.json'))) {
      return relative(realpathSync(root), realpathSync(candidate)).replaceAll('\\', '/');
    }
    if (folder === '.') return undefined;
  }
}

function copyNeeded(root, app, target) {
  for (const folder of needed(root, app)) {
    const from = join(root, folder);
    if (folder.includes('node_modules/')) {
      // What is nested in it is copied where it is needed itself.
      cpSync(from, join(target, folder), { recursive: true, filter: (path) => path !== join(from, 'node_modules') });
    } else copyWorkspacePackage(root, folder, target);
  }
}

/** The manifest and the link by which others find it. Its code is built elsewhere. */
function copyWorkspacePackage(root, folder, target) {
  mkdirSync(join(target, folder), { recursive: true });
  cpSync(join(root, folder, 'package.json'), join(target, folder, 'package.json'));
  const link = join(target, 'node_modules', manifestOf(root, folder).name);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(relative(dirname(link), join(target, folder)), link);
}

function manifestOf(root, folder) {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [app, target, ...more] = process.argv.slice(2);
  if (app === undefined || target === undefined || more.length > 0) {
    console.error('usage: prune.mjs <app> <target>');
    process.exit(2);
  }
  copyNeeded(process.cwd(), app, target);
}
