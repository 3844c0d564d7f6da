import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '..');
const SOURCE = join(ROOT, 'libs/contracts');
const USE = `
  const entered = structuredClone(example);
  if (!isMusterEvent(entered) || entered.type !== 'muster.audiences.ProfileEnteredCampaign.v1') throw new Error('not valid');
  const broken = { ...entered, data: { ...entered.data, group: 'vip' } };
  console.log(JSON.stringify([topicOf('audiences', 'profiles'), CONTRACTS.length > 0, eventCheck(broken)]));`;
const SAYS = ['audiences.profiles.v1', true, '/data/group must be equal to one of the allowed values'];
const EXAMPLE = '@muster/contracts/examples/muster.audiences.ProfileEnteredCampaign.v1.json';
const ENTRIES = {
  '@muster/contracts': 'topicOf',
  '@muster/contracts/registry': 'CONTRACTS',
  '@muster/contracts/validation': 'eventCheck, isMusterEvent',
};

/** The package as npm makes it, unpacked where a program of somebody else has it, with what it depends on. */
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'outsider-'));
  run('npm', ['pack', '--workspace', '@muster/contracts', '--pack-destination', folder], ROOT);
  const home = join(folder, 'node_modules/@muster/contracts');
  mkdirSync(home, { recursive: true });
  run('tar', ['-xzf', '../../../muster-contracts-0.1.0.tgz', '--strip-components', '1'], home);
  const { dependencies } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync([SOURCE, ROOT].map((at) => join(at, 'node_modules', name)).find(existsSync)!, link, 'junction');
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(command: string, args: readonly string[], cwd = folder): string {
  const shell = process.platform === 'win32';
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', shell });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

function put(name: string, lines: readonly string[]): string {
  writeFileSync(join(folder, name), lines.join('\n'));
  return name;
}

const imports = Object.entries(ENTRIES).map(([entry, names]) => `import { ${names} } from '${entry}';`);

it('is used by an ES module without anything of the workspace', () => {
  const example = `import example from '${EXAMPLE}' with { type: 'json' };`;
  expect(JSON.parse(run(process.execPath, [put('outsider.mjs', [...imports, example, USE])]))).toEqual(SAYS);
});

it('is used by a CommonJS module', () => {
  const requires = Object.entries(ENTRIES).map(([entry, names]) => `const { ${names} } = require('${entry}');`);
  const example = `const example = require('${EXAMPLE}');`;
  expect(JSON.parse(run(process.execPath, [put('outsider.cjs', [...requires, example, USE])]))).toEqual(SAYS);
});

it('has types, by which the data of an event is known from its type', () => {
  const file = put('outsider.mts', [
    ...imports,
    `import type { ProfileEnteredCampaign } from '@muster/contracts';`,
    `export const group = (event: unknown): ProfileEnteredCampaign['group'] | undefined =>`,
    `  isMusterEvent(event) && event.type === 'muster.audiences.ProfileEnteredCampaign.v1' ? event.data.group : undefined;`,
    `export const told = CONTRACTS.map(({ type }) => eventCheck({ type } as never) ?? topicOf('campaigns', 'lifecycle'));`,
    `// @ts-expect-error a profile that left is in no group`,
    `export const none = (event: unknown) => isMusterEvent(event) && event.type === 'muster.audiences.ProfileLeftCampaign.v1' && event.data.group;`,
  ]);
  const { bin } = JSON.parse(readFileSync(join(ROOT, 'node_modules/typescript7/package.json'), 'utf8')) as {
    bin: { tsc: string };
  };
  const tsc = join(ROOT, 'node_modules/typescript7', bin.tsc);
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', ''];
  expect(run(process.execPath, [tsc, ...options, file])).toBe('');
});
