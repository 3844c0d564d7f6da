/**
 * `npm run contracts`: writes what is published about the integration events from their declarations in libs/contracts:
 * docs/asyncapi.json, JSON Schemas, examples. `--check` compares instead, has AsyncAPI's own parser judge the document,
 * and refuses a change that breaks a released event. `npm run contracts -- release` keeps what is declared as released:
 * from then on it may only be added to.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { writePage } from './page.mjs';
import { ROOT } from './process.mjs';

const PACKAGE = 'libs/contracts';
const COMMAND = 'npm run contracts';
const RELEASED = `${PACKAGE}/released`;
const WORST_ALLOWED = 2; // Information and hints of the parser; 0 and 1 are errors and warnings.

/** The package as it is now, built. */
export async function contracts() {
  const { errors } = await build([PACKAGE]);
  if (errors.length > 0) throw new Error(errors.join('\n'));
  const require = createRequire(join(ROOT, 'package.json'));
  const of = (entry) => require(join(ROOT, PACKAGE, 'dist', entry, 'index.js'));
  const { version } = JSON.parse(readFileSync(join(ROOT, PACKAGE, 'package.json'), 'utf8'));
  return { ...of('declared'), ...of('documents'), version };
}

/** Events, and documents of snapshots. */
const declaredIn = ({ CONTRACTS, SNAPSHOT_DOCUMENTS }) => [...CONTRACTS, ...SNAPSHOT_DOCUMENTS];

/** Every file that is made from the declarations: path to content. */
function generated({ asyncApi, exampleOf, jsonSchemaOf, version, ...declarations }) {
  const all = declaredIn(declarations);
  return new Map([
    ['docs/asyncapi.json', asyncApi(version)],
    ...all.map((declared) => [`${PACKAGE}/schemas/${declared.type}.json`, jsonSchemaOf(declared)]),
    ...all.map((declared) => [`${PACKAGE}/examples/${declared.type}.json`, exampleOf(declared)]),
  ]);
}

/** Writes or compares these files, and those of the folders that are none of them. Answers whether all was as it is now. */
export async function keep(files, folders, { check, root = ROOT }) {
  let current = true;
  for (const [path, content] of files) {
    const written = await writePage(path, JSON.stringify(content), { check, command: COMMAND, root, parser: 'json' });
    current = written && current;
  }
  for (const folder of folders) {
    const found = existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [];
    for (const path of found.map((name) => `${folder}/${name}`).filter((one) => !files.has(one))) {
      if (check) console.error(`${path} is of no declared event: run ${COMMAND} and commit it.`);
      else rmSync(join(root, path));
      current &&= !check;
    }
  }
  return current;
}

/** What of the releases in this folder is broken by the declarations. */
export function breaksOf({ breakingChanges, ...declarations }, folder) {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return files.flatMap((file) => {
    const released = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    return breakingChanges(
      released,
      declaredIn(declarations).find(({ type }) => type === released.type),
    ).map((change) => `${change}. Leave ${basename(file, '.json')} as it is and declare a ${next(released.type)}.`);
  });
}

const next = (type) => type.replace(/\d+$/, (version) => String(Number(version) + 1)).replace(/^.*\.v/, '.v');

/** What AsyncAPI's own parser finds in a document. */
export async function wrongInAsyncApi(document) {
  const { Parser } = await import('@asyncapi/parser');
  const diagnostics = await new Parser().validate(JSON.stringify(document));
  return diagnostics
    .filter(({ severity }) => severity < WORST_ALLOWED)
    .map(({ path, message }) => `docs/asyncapi.json ${path.join('/')}: ${message}`);
}

function unreleased(declarations) {
  return declaredIn(declarations)
    .filter(({ type }) => !existsSync(join(ROOT, RELEASED, `${type}.json`)))
    .map(({ type }) => type);
}

async function main([command]) {
  const declared = await contracts();
  const files = generated(declared);
  const check = command === '--check';
  const current = await keep(files, [`${PACKAGE}/schemas`, `${PACKAGE}/examples`], { check });
  const problems = [
    ...breaksOf(declared, join(ROOT, RELEASED)),
    ...(await wrongInAsyncApi(files.get('docs/asyncapi.json'))),
  ];
  problems.forEach((problem) => console.error(problem));
  if (problems.length === 0 && command === 'release') await release(declared);
  const waiting = unreleased(declared);
  if (waiting.length > 0) console.log(`not released, free to change: ${waiting.join(', ')}`);
  console.log(`${declaredIn(declared).length} integration events and documents, ${problems.length} problems`);
  return current && problems.length === 0;
}

async function release({ releaseOf, ...declarations }) {
  const files = new Map(
    declaredIn(declarations).map((declared) => [`${RELEASED}/${declared.type}.json`, releaseOf(declared)]),
  );
  await keep(files, [], { check: false });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [command = ''] = process.argv.slice(2);
  if (!['', '--check', 'release'].includes(command)) {
    console.error(`unknown: ${command}. ${COMMAND} [-- --check | release]`);
    process.exit(2);
  }
  process.exitCode = (await main([command])) ? 0 : 1;
}
