import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import type { TestApp } from '@muster/platform/testing';
import { createPool } from '@muster/postgres';
import { activeCampaign, startServices, until } from './installation';
import { musterOps } from './muster-ops';

jest.setTimeout(120_000);

let database: TestDatabase;
let app: TestApp;
let campaignId: string;
let running = true;

const ops = (...args: string[]) => musterOps({ DATABASE_URL: database.connectionString }, ...args);
const generationsOf = async (projection: string) => {
  const listed = (await ops('projections', 'list', '--json')).json();
  return listed
    .filter(({ context, name }) => `${String(context)}.${String(name)}` === projection)
    .map(({ generation, state }) => `${String(generation)} ${String(state)}`);
};

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startServices(database.connectionString);
  campaignId = await activeCampaign(app, 300);
});
afterAll(async () => {
  if (running) await app.close();
  await database.drop();
});

describe('projections', () => {
  it('list shows every read model of every service, caught up', async () => {
    await until(async () => {
      const { json } = await ops('projections', 'list', '--json');
      return json().every(({ lagEvents }) => lagEvents === 0);
    });
    const { code, out, err } = await ops('projections', 'list');
    expect([code, err]).toEqual([0, '']);
    const [heading, ...lines] = out.trimEnd().split('\n');
    expect(heading).toMatch(/^PROJECTION +VERSION +GENERATION +STATE +LAG EVENTS +LAG SECONDS +POSITION +ERROR$/);
    const names = lines.map((line) => line.split(' ', 1)[0]);
    for (const name of ['segments.segments', 'campaigns.campaigns', 'audiences.builds', 'insights.audiences']) {
      expect(names).toContain(name);
    }
    expect(lines.every((line) => / live +0 +0 /.test(line))).toBe(true);
  });

  it('lag gives one number for each, and fails above what is right', async () => {
    const { code, out } = await ops('projections', 'lag');
    expect(code).toBe(0);
    expect(out).toContain('campaigns.campaigns 0\n');
  });

  it('rebuild fills the next generation beside the live one and shows it', async () => {
    const { code, out } = await ops('projections', 'rebuild', 'campaigns.campaigns', '--wait', '60');
    expect([code, out]).toEqual([
      0,
      'campaigns.campaigns: the next generation is built beside the live one. It is shown when it has caught up.\n' +
        'campaigns.campaigns: generation 2 is live.\n',
    ]);
    expect(await generationsOf('campaigns.campaigns')).toEqual(['2 live']);
  });

  it('one that is held back is compared with the live one, and shown by swap', async () => {
    const refused = await ops('projections', 'swap', 'insights.audiences');
    expect([refused.code, refused.err]).toEqual([
      1,
      'muster-ops: insights.audiences: nothing is held back; that is done by: muster-ops projections rebuild insights.audiences --hold\n',
    ]);
    const held = await ops('projections', 'rebuild', 'insights.audiences', '--hold', '--wait', '60');
    expect([held.code, held.err]).toEqual([0, '']);
    expect(await generationsOf('insights.audiences')).toEqual(['1 live', '2 held']);

    const same = await ops('verify', 'projection', 'insights.audiences', '--json');
    expect([same.code, same.err]).toEqual([0, '']);
    const tables = same.json();
    expect(tables.find(({ table }) => table === 'audience')).toEqual({
      table: 'audience',
      liveRows: 1,
      builtRows: 1,
      same: true,
    });
    expect(tables.every((table) => table['same'] === true)).toBe(true);

    const swapped = await ops('projections', 'swap', 'insights.audiences', '--wait', '60');
    expect(swapped.code).toBe(0);
    expect(await generationsOf('insights.audiences')).toEqual(['2 live']);
  });

  it('verify finds a row that is another', async () => {
    await ops('projections', 'rebuild', 'campaigns.campaigns', '--hold', '--wait', '60');
    const pool = createPool({ connectionString: database.connectionString });
    await pool.query(`UPDATE campaigns.campaign SET name = 'Forged'`);
    await pool.end();
    const { code, out } = await ops('verify', 'projection', 'campaigns.campaigns');
    expect(code).toBe(1);
    expect(out).toMatch(/campaign +1 +1 +NO/);
  });

  it('one that is cancelled goes, and the live one stays', async () => {
    const { code } = await ops('projections', 'cancel', 'campaigns.campaigns');
    expect(code).toBe(0);
    await until(async () => (await generationsOf('campaigns.campaigns')).join() === '2 live');
    expect((await ops('projections', 'cancel', 'campaigns.campaigns')).code).toBe(1);
  });

  it('one that does not exist is told with those that do', async () => {
    const { code, err } = await ops('projections', 'rebuild', 'campaigns.nothing');
    expect(code).toBe(2);
    expect(err).toMatch(/^muster-ops: there is no projection campaigns\.nothing; there are: .*campaigns\.campaigns/);
  });
});

describe('verify', () => {
  it('assigns an audience again from its seed and finds the same', async () => {
    const { code, out } = await ops('verify', 'audience', campaignId);
    expect(code).toBe(0);
    expect(out).toMatch(/EPOCH +BATCH +ENTERED +CONTROL +DIFFERING\n +1 +build \S+ +300 +60 +0\n/);
  });

  it('says of a campaign without an audience that it has none', async () => {
    const unknown = await ops('verify', 'audience', '11111111-1111-4111-8111-111111111111');
    expect([unknown.code, unknown.err]).toEqual([
      2,
      'muster-ops: the campaign 11111111-1111-4111-8111-111111111111 has no audience: it must be the id of one that was activated\n',
    ]);
    expect((await ops('verify', 'audience', 'spring')).code).toBe(2);
  });

  it('reads the whole log and finds no gap', async () => {
    const { code, out } = await ops('verify', 'log');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^log: \d+ events in \d+ streams, hash [0-9a-f]{64}\nPositions grow and no stream has a gap\.\n$/,
    );
  });
});

describe('checkpoints', () => {
  it('list shows projections and consumers with their lag', async () => {
    const list = () => ops('checkpoints', 'list', '--json');
    // A quiet consumer stores what it has looked at within a second.
    await until(async () => (await list()).json().every(({ lagEvents }) => lagEvents === 0));
    const listed = (await list()).json();
    expect(listed).toContainEqual(
      expect.objectContaining({ kind: 'consumer', name: 'audiences.intake', lagEvents: 0 }),
    );
    expect(listed).toContainEqual(expect.objectContaining({ kind: 'projection', name: 'campaigns.campaigns#2' }));
  });

  it('reset moves one back only, and what is handed out again is passed over', async () => {
    const unsure = await ops('checkpoints', 'reset', 'audiences.intake', '--to', 'start');
    expect([unsure.code, unsure.err]).toEqual([
      2,
      'muster-ops: audiences.intake would publish or handle again everything after start. To do it, add --yes\n',
    ]);
    const events = async () => (await ops('verify', 'log', '--json')).json<{ events: number }>().events;
    const before = await events();
    const { code, out } = await ops('checkpoints', 'reset', 'audiences.intake', '--to', 'start', '--yes');
    expect(code).toBe(0);
    expect(out).toMatch(/^audiences\.intake: goes on after the start of the log; before it was at \d+\.\n$/);
    await app.settle(60_000);
    expect(await events()).toBe(before);
    const ahead = await ops('checkpoints', 'reset', 'audiences.intake', '--to', '999999999', '--yes');
    expect([ahead.code, ahead.err]).toEqual([
      2,
      'muster-ops: no event of this log is at 999999999: it must be start, or a position as checkpoints list shows it\n',
    ]);
    const other = await ops('checkpoints', 'reset', 'audiences.nobody', '--to', 'start', '--yes');
    expect(other.code).toBe(2);
    expect(other.err).toContain('there are: campaigns.audience-progress, audiences.intake');
  });
});

describe('while no service runs', () => {
  beforeAll(async () => {
    await app.close();
    running = false;
  });

  it('a rebuild is asked for, and done when one does', async () => {
    const { code, err } = await ops('projections', 'rebuild', 'audiences.builds');
    expect([code, err]).toEqual([0, 'No process of audiences is running now: it begins when one does.\n']);
    expect(await generationsOf('audiences.builds')).toEqual(['1 live', 'null asked']);
    app = await startServices(database.connectionString);
    running = true;
    await until(async () => (await generationsOf('audiences.builds')).join() === '2 live');
  });
});
