/**
 * `npm run generate command <context> <command-name>` and `npm run generate read-model <context> <name>`: writes the
 * folder that style and layout ask for, with a spec that fails until its rule is written, and says what to wire.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import { commandFiles, readModelFiles } from './generate/templates.mjs';
import { ROOT } from './process.mjs';

const KINDS = {
  command: { files: commandFiles, folder: (name) => name },
  'read-model': { files: readModelFiles, folder: (name) => `read-models/${name}` },
};
const KEBAB = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** Writes the files and answers with their paths; throws, and writes nothing, if something is wrong or there already. */
export async function generate(kind, context, name, root = ROOT) {
  if (!(kind in KINDS)) throw new Error(`generate what? One of: ${Object.keys(KINDS).join(', ')}`);
  const service = `libs/${context}/service`;
  if (!existsSync(join(root, service, 'package.json'))) throw new Error(`there is no context ${context} (${service})`);
  if (!KEBAB.test(name ?? '')) throw new Error(`the name is written in kebab-case, not ${name}`);
  const folder = `${service}/src/${KINDS[kind].folder(name)}`;
  if (existsSync(join(root, folder))) throw new Error(`${folder} exists already`);
  const options = await prettier.resolveConfig(join(ROOT, 'generated.ts'));
  const files = Object.entries(KINDS[kind].files(context, name)).map(([file, text]) => [`${folder}/${file}`, text]);
  for (const [path, text] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), await prettier.format(text, { ...options, parser: 'typescript' }));
  }
  return files.map(([path]) => path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [kind, context, name] = process.argv.slice(2);
  try {
    const paths = await generate(kind, context, name);
    paths.forEach((path) => console.log(path));
    console.log(
      kind === 'command'
        ? `Next: decide the command in libs/${context}/domain, add handler and controller to the module, write the rule of the spec, npm run map.`
        : `Next: name its events and columns, register the projection in the module and its entity and query too, write the rule of the spec, npm run map.`,
    );
  } catch (error) {
    console.error(error.message);
    console.error('npm run generate command <context> <command-name> | npm run generate read-model <context> <name>');
    process.exitCode = 1;
  }
}
