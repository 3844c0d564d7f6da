import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = join(__dirname, '..');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tools-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function put(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Runs `body` in plain Node with a tool's exports in scope (the tools are ES modules) and answers with what it returns. */
function withTool<T>(tool: string, body: string): T {
  const url = pathToFileURL(join(ROOT, 'tools', tool)).href;
  const root = JSON.stringify(folder);
  const script = `const tool = await import(${JSON.stringify(url)}); const root = ${root};
    const answer = await (async () => { ${body} })(); process.stdout.write('\\n' + JSON.stringify(answer ?? null));`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${stdout}${stderr}`);
  return JSON.parse(stdout.slice(stdout.lastIndexOf('\n') + 1)) as T;
}

const WORKSPACE = {
  'package.json': JSON.stringify({ workspaces: ['libs/*'], engines: { node: '>=20.19' } }),
  '.swcrc': readFileSync(join(ROOT, '.swcrc'), 'utf8'),
  'libs/one/package.json': '{}',
};

describe('the build', () => {
  const BUILD = `return tool.build(['libs/one'], root)`;
  interface Built {
    written: number;
    errors: string[];
  }

  it('writes what changed and only that, leaves specs out and copies what is not TypeScript', () => {
    put({
      ...WORKSPACE,
      'libs/one/src/index.ts': 'export const one: number = 1;',
      'libs/one/src/query.sql': 'SELECT 1',
      'libs/one/src/index.spec.ts': 'nothing',
    });
    expect(withTool<Built>('build.mjs', BUILD)).toEqual({ written: 2, errors: [] });
    expect(withTool<Built>('build.mjs', BUILD).written).toBe(0);
    expect(existsSync(join(folder, 'libs/one/dist/index.spec.js'))).toBe(false);
    expect(readFileSync(join(folder, 'libs/one/dist/query.sql'), 'utf8')).toBe('SELECT 1');
    expect(existsSync(join(folder, 'libs/one/dist/index.js.map'))).toBe(true);

    put({ 'libs/one/src/index.ts': 'export const one: number = 2;' });
    expect(withTool<Built>('build.mjs', BUILD).written).toBe(1);
    expect(readFileSync(join(folder, 'libs/one/dist/index.js'), 'utf8')).toContain('= 2');
  });

  it('removes the output of a deleted source', () => {
    put({ ...WORKSPACE, 'libs/one/src/gone.ts': 'export {};', 'libs/one/src/kept.ts': 'export {};' });
    withTool('build.mjs', BUILD);
    rmSync(join(folder, 'libs/one/src/gone.ts'));
    withTool('build.mjs', BUILD);
    expect(existsSync(join(folder, 'libs/one/dist/gone.js'))).toBe(false);
    expect(existsSync(join(folder, 'libs/one/dist/kept.js'))).toBe(true);
  });

  it('says file and line of a syntax error, and builds the rest', () => {
    put({
      ...WORKSPACE,
      'libs/one/src/bad.ts': 'export const a = 1;\n\nconst = 2;\n',
      'libs/one/src/good.ts': 'export {};',
    });
    const { written, errors } = withTool<Built>('build.mjs', BUILD);
    expect(written).toBe(1);
    expect(errors).toEqual([expect.stringMatching(/^libs\/one\/src\/bad\.ts:3: /)]);
  });

  it('finds migrations, which stand beside the sources, from the output too', () => {
    put({
      ...WORKSPACE,
      'libs/one/migrations/first.ts': 'export const first = 1;',
      'libs/one/src/index.ts': `import { first } from '../migrations/first';\nexport const top = first;`,
      'libs/one/src/deep/inner.ts': `import { first } from '../../migrations/first';\nexport const inner = first + 1;`,
    });
    expect(withTool<Built>('build.mjs', BUILD).errors).toEqual([]);
    const load = `const { createRequire } = await import('node:module'); const load = createRequire(root + '/');
      return [load('./libs/one/dist/index.js').top, load('./libs/one/dist/deep/inner.js').inner];`;
    expect(withTool('build.mjs', load)).toEqual([1, 2]);
  });
});

describe('the installation', () => {
  const lock = (version: string): string =>
    JSON.stringify({
      packages: { '': {}, 'node_modules/a': { version }, 'node_modules/b': { version: '1', optional: true } },
    });
  const ENSURE = `const runs = []; tool.ensureInstalled(root, () => runs.push('npm ci')); return runs.length`;

  it('runs once for a lockfile, and again when that changes', () => {
    put({ 'package-lock.json': lock('1'), 'node_modules/x/index.js': '' });
    expect([withTool('install.mjs', ENSURE), withTool('install.mjs', ENSURE)]).toEqual([1, 0]);
    put({ 'package-lock.json': lock('2') });
    expect(withTool('install.mjs', ENSURE)).toBe(1);
  });

  it('recognises what was installed by hand', () => {
    put({
      'package-lock.json': lock('1'),
      'node_modules/.package-lock.json': JSON.stringify({ packages: { 'node_modules/a': { version: '1' } } }),
    });
    expect(withTool('install.mjs', ENSURE)).toBe(0);
  });

  it('does not take another version for it', () => {
    put({
      'package-lock.json': lock('2'),
      'node_modules/.package-lock.json': JSON.stringify({ packages: { 'node_modules/a': { version: '1' } } }),
    });
    expect(withTool('install.mjs', ENSURE)).toBe(1);
  });
});

describe('the summary of a test run', () => {
  const summary = (report: unknown, exitCode: number): { failed: number; lines: string[] } =>
    withTool('test-summary.mjs', `return tool.summary(${JSON.stringify(report)} ?? undefined, ${String(exitCode)})`);
  const report = (passed: number, failed: number, broken: number, results: object[] = []): object => ({
    numPassedTests: passed,
    numFailedTests: failed,
    numRuntimeErrorTestSuites: broken,
    testResults: results,
  });

  it('counts a file that could not run as a failure', () => {
    expect(summary(report(3, 1, 1), 1)).toEqual({ failed: 2, lines: ['3 passed, 2 failed'] });
  });

  it('fails when nothing ran, when Jest fails for another reason, and when there is no report', () => {
    expect(summary(report(0, 0, 0), 0).failed).toBe(1);
    expect(summary(report(5, 0, 0), 1).failed).toBe(1);
    expect(summary(null, 1).failed).toBe(1);
  });

  it('prints each skipped test with its reason before the last line', () => {
    const results = [{ assertionResults: [{ status: 'pending', fullName: 'Kafka [skipped: no broker] keeps order' }] }];
    expect(summary(report(5, 0, 0, results), 0).lines).toEqual([
      'SKIPPED Kafka [skipped: no broker] keeps order',
      '5 passed, 0 failed, 1 skipped',
    ]);
  });
});

describe('the map', () => {
  it('leads from a command through its decision to the read models that follow', () => {
    put({
      'libs/campaigns/events/src/index.ts': `export type A = DomainEvent<'CampaignActivated', {}>; type B = DomainEvent<'CampaignClosed', {}>;`,
      'libs/campaigns/domain/src/decider.ts': `import { activate } from './activate';
        function decide(command) { switch (command.type) { case 'Activate': return activate(command); case 'Close': return [{ type: 'CampaignClosed' }]; } }`,
      'libs/campaigns/domain/src/activate.ts': `export function activate() { return [{ type: 'CampaignActivated', data: {} }]; }`,
      'libs/campaigns/service/src/activate-campaign/activate-campaign.handler.ts': `@CommandHandler(ActivateCampaign)
        export class H { execute() { return handle({ type: 'Activate', data: {} }); } }`,
      'libs/insights/service/src/read-models/history/history.projection.ts': `export const p = { name: 'history', tables: ['h'], handles: ['CampaignActivated'] };`,
    });
    const [campaigns, insights] = withTool<Record<string, unknown>[]>(
      'map/sources.mjs',
      'return tool.readContexts(root)',
    );
    expect(campaigns?.['commands']).toEqual([
      {
        name: 'ActivateCampaign',
        folder: 'libs/campaigns/service/src/activate-campaign',
        events: ['CampaignActivated'],
      },
    ]);
    expect(insights?.['readModels']).toEqual([
      expect.objectContaining({ name: 'history', tables: ['h'], events: ['CampaignActivated'] }),
    ]);
    const page = withTool<string>('map/map-page.mjs', `return tool.mapPage(${JSON.stringify([campaigns, insights])})`);
    expect(page).toMatch(/`ActivateCampaign` .*`CampaignActivated` \| `history`/);
  });

  it('is refused when out of date, with the line', () => {
    put({ 'page.md': '# Map\n\nold\n' });
    const current = `console.error = () => {}; return tool.writePage('page.md', '# Map\\n\\nnew\\n', { check: true, command: 'x', root })`;
    expect(withTool('page.mjs', current)).toBe(false);
    expect(readFileSync(join(folder, 'page.md'), 'utf8')).toContain('old');
  });
});

describe('the contracts', () => {
  it('refuses a change of what was released, naming the type, the place and the way out', () => {
    const changed = `
      const declared = await tool.contracts();
      const of = (name) => declared.releaseOf(declared.CONTRACTS.find((one) => one.name === name));
      const [kept, broken] = [of('SegmentCreated'), of('SegmentRecalculated')];
      broken.schema.properties.data.properties.hidden = { type: 'integer' };
      const { mkdirSync, writeFileSync } = await import('node:fs');
      mkdirSync(root + '/released');
      for (const one of [kept, broken]) writeFileSync(root + '/released/' + one.type + '.json', JSON.stringify(one));
      return tool.breaksOf(declared, root + '/released');`;
    expect(withTool('contracts.mjs', changed)).toEqual([
      'muster.segments.SegmentRecalculated.v1 /data/hidden: the field was removed or renamed. ' +
        'Leave muster.segments.SegmentRecalculated.v1 as it is and declare a .v2.',
    ]);
  });

  it('writes what is published of them, and refuses it when out of date or of no event', () => {
    put({ 'schemas/gone.json': '{}' });
    const keep = (check: boolean) =>
      `return tool.keep(new Map([['schemas/a.json', { a: 1 }]]), ['schemas'], { check: ${String(check)}, root })`;
    expect(withTool('contracts.mjs', keep(true))).toBe(false);
    withTool('contracts.mjs', keep(false));
    expect(withTool('contracts.mjs', keep(true))).toBe(true);
    put({ 'schemas/gone.json': '{}' });
    expect(withTool('contracts.mjs', keep(true))).toBe(false);
  });

  it('has AsyncAPI judge the document', () => {
    const judged = `
      const { asyncApi } = await tool.contracts();
      const document = asyncApi('1.0.0');
      document.channels['segments.sets.v1'].bindings.kafka.partitions = 'twelve';
      delete document.channels['campaigns.lifecycle.v1'];
      return tool.wrongInAsyncApi(document);`;
    expect(withTool('contracts.mjs', judged)).toEqual(
      expect.arrayContaining([
        expect.stringContaining("'#/channels/campaigns.lifecycle.v1' does not exist"),
        expect.stringContaining('kafka/partitions: "partitions" property type must be integer'),
      ]),
    );
  });
});

describe('the generator', () => {
  const generate = (...words: string[]): string =>
    `return tool.generate(${words.map((word) => JSON.stringify(word)).join(', ')}, root).catch((error) => error.message)`;

  it('writes the folder of a command, once', () => {
    put({ 'libs/campaigns/service/package.json': '{}' });
    const base = 'libs/campaigns/service/src/archive-campaign/archive-campaign';
    const paths = [`${base}.handler.ts`, `${base}.controller.ts`, `${base}.int.spec.ts`];
    expect(withTool('generate.mjs', generate('command', 'campaigns', 'archive-campaign'))).toEqual(paths);
    expect(readFileSync(join(folder, `${base}.handler.ts`), 'utf8')).toContain('@CommandHandler(ArchiveCampaign)');
    expect(withTool('generate.mjs', generate('command', 'campaigns', 'archive-campaign'))).toMatch(/exists already/);
  });

  it('writes the folder of a read model', () => {
    put({ 'libs/insights/service/package.json': '{}' });
    const paths = withTool<string[]>('generate.mjs', generate('read-model', 'insights', 'segment-sizes'));
    expect(paths.map((path) => path.split('/').pop())).toEqual([
      'segment-sizes.projection.ts',
      'segment-sizes.entity.ts',
      'segment-sizes.query.ts',
      'segment-sizes.int.spec.ts',
    ]);
    expect(readFileSync(join(folder, String(paths[0])), 'utf8')).toContain("name: 'segment_sizes'");
  });

  it('refuses an unknown context and a name in another case', () => {
    put({ 'libs/campaigns/service/package.json': '{}' });
    expect(withTool('generate.mjs', generate('command', 'billing', 'send-bill'))).toMatch(/no context billing/);
    expect(withTool('generate.mjs', generate('command', 'campaigns', 'SendBill'))).toMatch(/kebab-case/);
  });
});

describe('a file name', () => {
  it.each(['campaign-service.ts', 'string.utils.ts', 'helpers.ts', 'CampaignList.ts'])('%s is refused', (name) => {
    expect(withTool('eslint/file-name.mjs', `return tool.wrongName(${JSON.stringify(name)})`)).toEqual(
      expect.any(String),
    );
  });

  it.each(['service-context.ts', 'campaign.decider.ts', '1763776800000-campaigns.ts'])('%s is taken', (name) => {
    expect(withTool('eslint/file-name.mjs', `return tool.wrongName(${JSON.stringify(name)})`)).toBeNull();
  });
});
