/**
 * Transpiles the workspace, or only the packages whose folders are given: src/ to dist/ with swc, a file only when it or
 * the configuration changed. A package with a build script of its own (the console) is built by that.
 */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { ROOT } from './process.mjs';
import { filesBelow, packageFolders } from './workspace.mjs';

const NOT_BUILT = /\.(spec|fixture|d)\.ts$/;
const STAMP = '.build';

/** Builds these packages below `root`; answers with what was written and with errors as `file:line: message`. */
export async function build(folders, root = ROOT) {
  const swc = await import('@swc/core');
  const options = JSON.parse(readFileSync(join(root, '.swcrc'), 'utf8'));
  delete options.$schema;
  const configuration = sha256(
    JSON.stringify([options, swc.version, readFileSync(fileURLToPath(import.meta.url), 'utf8')]),
  );
  const outcomes = await Promise.all(
    folders.map((folder) =>
      hasOwnBuild(join(root, folder))
        ? buildByScript(root, folder)
        : transpile(swc, options, configuration, root, folder),
    ),
  );
  return {
    written: outcomes.reduce((sum, one) => sum + one.written, 0),
    errors: outcomes.flatMap((one) => one.errors),
  };
}

async function transpile(swc, options, configuration, root, folder) {
  const target = join(root, folder, 'dist');
  const sources = sourcesOf(join(root, folder));
  if (!stampIs(target, configuration)) rmSync(target, { recursive: true, force: true });
  removeStale(target, sources);
  const changed = sources.filter(({ from, output }) => !isCurrent(from, join(target, output)));
  const errors = [];
  await Promise.all(
    changed.map(async ({ from, output }) => {
      const to = join(target, output);
      mkdirSync(dirname(to), { recursive: true });
      if (!from.endsWith('.ts')) copyFileSync(from, to);
      else {
        try {
          await transpileFile(swc, options, from, to, output);
        } catch (error) {
          rmSync(to, { force: true });
          errors.push(located(error, relative(root, from)));
          return;
        }
      }
      // The output carries the source's own time: older or newer, any change is seen.
      const { atime, mtime } = statSync(from);
      utimesSync(to, atime, mtime);
    }),
  );
  if (sources.length > 0) writeStamp(target, configuration);
  return { written: changed.length - errors.length, errors };
}

/** src/ becomes dist/, and migrations/, which stands beside src/, dist/migrations/. */
function sourcesOf(folder) {
  return [
    ['src', ''],
    ['migrations', 'migrations/'],
  ].flatMap(([from, to]) =>
    filesBelow(join(folder, from))
      .filter((path) => !NOT_BUILT.test(path))
      .map((path) => ({ from: join(folder, from, path), output: `${to}${path.replace(/\.ts$/, '.js')}` })),
  );
}

/** Imports from src/ of what stands in migrations/ lead there from dist/ too: one step fewer. */
function insideDist(code, output) {
  const up = '../'.repeat(output.split('/').length - 1);
  return code.replaceAll(`require("../${up}migrations/`, `require("${up || './'}migrations/`);
}

async function transpileFile(swc, options, from, to, output) {
  const sourceFileName = relative(dirname(to), from).replaceAll('\\', '/');
  const { code, map } = await swc.transform(readFileSync(from, 'utf8'), {
    ...options,
    filename: from,
    sourceFileName,
    swcrc: false,
    configFile: false,
  });
  const mapFile = `${to}.map`;
  writeFileSync(mapFile, map);
  writeFileSync(to, `${insideDist(code, output)}\n//# sourceMappingURL=${mapFile.slice(dirname(to).length + 1)}\n`);
}

/** swc draws the place (`,-[file:7:1]`); said again in the form that editors and CI read. */
function located(error, file) {
  const text = stripVTControlCharacters(String(error.message ?? error));
  const line = /:(\d+):\d+\]/.exec(text)?.[1] ?? '1';
  const message = /(?:×|x)\s+(.+)/.exec(text)?.[1] ?? text.split('\n')[0];
  return `${file}:${line}: ${message.trim()}`;
}

function removeStale(target, sources) {
  // Declarations are those of a package that was packed: they go with their source, not with the next build.
  const of = ({ output }) => [output, `${output}.map`, output.replace(/\.js$/, '.d.ts')];
  const expected = new Set([STAMP, ...sources.flatMap(of)]);
  for (const path of filesBelow(target)) if (!expected.has(path)) rmSync(join(target, path));
}

function isCurrent(from, to) {
  return existsSync(to) && Math.abs(statSync(from).mtimeMs - statSync(to).mtimeMs) < 1;
}

function hasOwnBuild(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).scripts?.build !== undefined;
}

function buildByScript(root, folder) {
  const absolute = join(root, folder);
  const inputs = filesBelow(absolute).filter((path) => !path.startsWith('dist/'));
  const state = sha256(inputs.map((path) => `${path} ${sha256(readFileSync(join(absolute, path)))}`).join('\n'));
  if (stampIs(join(absolute, 'dist'), state)) return { written: 0, errors: [] };
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm]] : ['npm', []];
  const { status, stdout, stderr } = spawnSync(command, [...args, 'run', 'build', '--silent'], {
    cwd: absolute,
    encoding: 'utf8',
    shell: !npm && process.platform === 'win32',
  });
  if (status !== 0) return { written: 0, errors: [`${folder}:1: its build failed\n${stdout}${stderr}`] };
  writeStamp(join(absolute, 'dist'), state);
  return { written: 1, errors: [] };
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const stampIs = (target, state) =>
  existsSync(join(target, STAMP)) && readFileSync(join(target, STAMP), 'utf8') === state;

function writeStamp(target, state) {
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, STAMP), state);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = performance.now();
  const given = process.argv.slice(2).map((folder) => relative(ROOT, resolve(folder)).replaceAll('\\', '/'));
  const folders = given.length > 0 ? given : packageFolders();
  const { written, errors } = await build(folders);
  errors.forEach((error) => console.error(error));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${folders.length} packages built in ${seconds} s: ${written} files written, ${errors.length} errors`);
  process.exitCode = errors.length === 0 ? 0 : 1;
}
