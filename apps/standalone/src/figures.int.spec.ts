import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { Metrics } from '@muster/platform';
import { CallFigures } from '@muster/segments-client';
import { mkdtemp, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStandalone, type Standalone } from './start-standalone';

const ROOT = join(__dirname, '../../..');
/** `# TYPE muster_commands_total counter` */
const TYPE_LINE = /^# TYPE (\w+) (\w+)$/gm;
/** Names of figures; `job="muster"` and `Muster: ...` are none. */
const FIGURE = /\b(?:muster|nodejs|process)_\w+/g;

let database: TestDatabase;
let dataDir: string;
let standalone: Standalone;
let types: ReadonlyMap<string, string>;

beforeAll(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'muster-figures-'));
  standalone = await startStandalone({ dataDir, databaseUrl: database.connectionString, port: 0, logLevel: 'silent' });
  const headers = { authorization: `Bearer ${standalone.developmentKey}` };
  const answer = await fetch(`${standalone.url}/metrics`, { headers });
  // What only services that run apart have.
  const apart = new Metrics();
  new CallFigures(apart).watchBreaker(() => false);
  const text = `${await answer.text()}\n${(await apart.exposition()).text}`;
  types = new Map([...text.matchAll(TYPE_LINE)].map(([, name = '', type = '']) => [name, type]));
});
afterAll(async () => {
  await standalone.close();
  await rm(dataDir, { recursive: true, force: true });
  await database.drop();
});

const namesIn = (path: string): string[] => [...new Set(readFileSync(join(ROOT, path), 'utf8').match(FIGURE) ?? [])];

/** What a histogram is asked by. */
const base = (name: string): string => name.replace(/_(bucket|sum|count)$/, '');

describe('every figure', () => {
  it.each([
    'infra/observability/prometheus/alerts.yml',
    'infra/observability/grafana/dashboards/muster.json',
    'docs/operations.md',
  ])('that is asked for in %s is one that a process has', (path) => {
    const names = namesIn(path);
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !types.has(name) && types.get(base(name)) !== 'histogram')).toEqual([]);
  });

  it('of ours is on the dashboard and described for operators, and its name says what it counts', () => {
    const ours = [...types.keys()].filter((name) => name.startsWith('muster_'));
    const shown = namesIn('infra/observability/grafana/dashboards/muster.json').map(base);
    expect(ours.filter((name) => !shown.includes(name))).toEqual([]);
    const described = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
    const endings = [...described.matchAll(/`(_\w+)`/g)].map(([, ending = '']) => ending);
    const isDescribed = (name: string): boolean =>
      described.includes(name) || endings.some((ending) => name.endsWith(ending));
    expect(ours.filter((name) => !isDescribed(name))).toEqual([]);
    expect(ours.filter((name) => (types.get(name) === 'counter') !== name.endsWith('_total'))).toEqual([]);
  });
});
