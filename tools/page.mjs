import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import prettier from 'prettier';
import { ROOT } from './process.mjs';

/** Writes a generated page; with `check`, compares instead and shows the first line that differs. Answers whether it is current. */
export async function writePage(path, text, { check, command, root = ROOT, parser = 'markdown' }) {
  const file = join(root, path);
  const options = await prettier.resolveConfig(join(ROOT, 'README.md'));
  const wanted = await prettier.format(text, { ...options, parser });
  const found = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (found === wanted) return true;
  if (!check) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, wanted);
    console.log(`${path} written`);
    return true;
  }
  const [now, then] = [wanted.split('\n'), found.split('\n')];
  const line = now.findIndex((one, index) => one !== then[index]);
  const at = line < 0 ? now.length : line;
  console.error(`${path} is out of date from line ${at + 1} on: run ${command} and commit it.`);
  console.error(`- ${then[at] ?? '(end)'}\n+ ${now[at] ?? '(end)'}`);
  return false;
}
