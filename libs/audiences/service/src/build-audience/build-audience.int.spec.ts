import { DomainError } from '@muster/kernel';
import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { randomUUID } from 'node:crypto';
import { FakeSegments, Scene, startAudiences, type AudiencesApp } from '../testing/audiences-app';

const FAR = 20 * 65_536;
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('a build', () => {
  let app: AudiencesApp;
  let segments: FakeSegments;
  let scene: Scene;

  beforeAll(async () => {
    segments = new FakeSegments();
    app = await startAudiences({ segments });
  }, 60_000);
  beforeEach(() => {
    segments.failure = null;
    scene = new Scene(app, segments);
  });
  afterAll(() => app.close());

  it('takes the segment into the audience, shows its progress and tells others', async () => {
    await scene.fill([...range(1, 61), ...range(FAR, FAR + 60)]);
    const buildId = await scene.activate();
    await app.settle();
    expect(await scene.get()).toMatchObject({ status: 'active', members: 120, test: 90, control: 30, buildId });
    expect(await scene.get(`/builds/${buildId}`)).toMatchObject({
      state: 'built',
      done: 120,
      total: 120,
      entered: 120,
      left: 0,
      members: 120,
      control: 30,
      error: null,
    });
    const groups = scene.groupsAsTold();
    expect([...groups.keys()]).toEqual([...range(1, 61), ...range(FAR, FAR + 60)]);
    expect([...groups.values()].filter((group) => group === 'control')).toHaveLength(30);
    expect(app.told.at(-1)?.event).toMatchObject({
      type: 'muster.audiences.AudienceBuilt.v1',
      subject: scene.campaignId,
      data: { buildId, members: 120, control: 30, entered: 120, left: 0 },
    });
  });

  it('gives what its seed gives when it is audited', async () => {
    await scene.fill(range(1, 200));
    await scene.activate();
    await app.settle();
    await scene.fill(range(300, 400), range(1, 20));
    await app.settle();
    expect(await scene.get('/verification')).toMatchObject({
      agrees: true,
      batches: [
        { kind: 'build', epoch: 1, entered: 199, differing: 0 },
        { kind: 'segment', epoch: 1, entered: 100, differing: 0 },
      ],
    });
  });

  it('is done once, however often its activation is delivered', async () => {
    await scene.fill([1, 2, 3]);
    await scene.activate();
    await app.settle();
    const before = await scene.events();
    await app.deliverAgain();
    expect(await scene.events()).toEqual(before);
  });

  it('that cannot read its segment says why, tries again, and goes on', async () => {
    await scene.fill([1, 2, 3]);
    segments.failure = new DomainError('SEGMENT_NOT_CALCULATED', { detail: 'The segment was never calculated.' });
    const buildId = await scene.activate();
    await app.settle();
    expect(await scene.get(`/builds/${buildId}`)).toMatchObject({
      state: 'failed',
      failures: 1,
      error: 'The segment was never calculated.',
    });
    expect(app.told.at(-1)?.event).toMatchObject({
      type: 'muster.audiences.AudienceBuildFailed.v1',
      data: { buildId, reason: 'The segment was never calculated.' },
    });
    segments.failure = null;
    await until(async () => (await scene.get<{ state: string }>(`/builds/${buildId}`)).state === 'built');
    expect(await scene.get()).toMatchObject({ status: 'active', members: 3 });
  });

  it('that fails can be cancelled at once', async () => {
    await scene.fill([1]);
    segments.failure = new DomainError('SEGMENT_NOT_CALCULATED', { detail: 'Not yet.' });
    const buildId = await scene.activate();
    await app.settle();
    await scene.tell({ type: 'CampaignBuildCancelled', data: { campaignId: scene.campaignId, buildId } });
    segments.failure = null;
    await app.settle();
    expect((await scene.events()).map(({ type }) => type)).toEqual(['AudienceBuildFailed']);
    expect(await scene.get(`/builds/${buildId}`)).toMatchObject({ state: 'cancelled' });
  });

  it('streams its progress until it is built', async () => {
    await scene.fill([1, 2]);
    const buildId = await scene.activate();
    await app.settle();
    const url = `${await app.test.url()}/api/v1/audiences/${scene.campaignId}/builds/${buildId}/events`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${app.test.adminKey}` } });
    expect(await response.text()).toContain('"state":"built"');
  });

  it('and an audience that nobody has heard of are not found', async () => {
    const response = await app.test.request('GET', `/api/v1/audiences/${randomUUID()}`);
    expect(response.json()).toMatchObject({ code: 'AUDIENCE_NOT_FOUND' });
    const build = await app.test.request('GET', `/api/v1/audiences/${randomUUID()}/builds/${randomUUID()}`);
    expect(build.json()).toMatchObject({ code: 'BUILD_NOT_FOUND' });
  });
});

describe('a build whose process dies', () => {
  let database: TestDatabase;
  const runId = randomUUID();

  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.drop());

  async function uninterrupted(scene: Scene): Promise<void> {
    await scene.fill([...range(1, 40), ...range(FAR, FAR + 40)]);
    await scene.activate();
  }

  it.each([0, 1, 2, 3])(
    'after %i appends is finished by another with the same plan and groups',
    async (appends) => {
      const segments = new FakeSegments();
      const options = { segments, runId, databaseUrl: database.connectionString };
      const first = await startAudiences({ ...options, appends });
      const scene = new Scene(first, segments);
      await uninterrupted(scene);
      await until(async () => (await scene.events()).length >= [0, 1, 3, 6][appends]!);
      await first.close();
      const second = await startAudiences(options);
      await second.settle();
      const resumed = await scene.in(second).events();
      expect(resumed.map(({ type }) => type)).toEqual([
        'AudienceBuildStarted',
        'BuildPlanned',
        'BuildPlanned',
        'EpochOpened',
        'BuildLabelled',
        'BuildLabelled',
        'AudienceBuilt',
      ]);
      await second.close();

      const other = await createTestDatabase();
      const whole = await startAudiences({ ...options, databaseUrl: other.connectionString });
      const twin = scene.in(whole);
      await uninterrupted(twin);
      await whole.settle();
      expect(groupEvents(await twin.events())).toEqual(groupEvents(resumed));
      await whole.close();
      await other.drop();
    },
    60_000,
  );

  it('and whose segment cannot be read as it was plans anew', async () => {
    const segments = new FakeSegments();
    const options = { segments, databaseUrl: database.connectionString };
    const first = await startAudiences({ ...options, appends: 1 });
    const scene = new Scene(first, segments);
    await scene.fill(range(1, 40));
    await scene.activate();
    await until(async () => (await scene.events()).length === 1);
    await first.close();
    const second = await startAudiences(options);
    const later = scene.in(second);
    await later.fill([77], [1]);
    segments.forget(scene.segmentId);
    await second.settle();
    const events = await later.events();
    expect(events.slice(0, 3).map(({ type }) => type)).toEqual([
      'AudienceBuildStarted',
      'BuildAbandoned',
      'AudienceBuildStarted',
    ]);
    expect([...later.groupsAsTold().keys()]).toEqual([...range(2, 40), 77]);
    expect(events.filter(({ type }) => type === 'ProfilesEnteredCampaign')).toEqual([]);
    await second.close();
  }, 60_000);
});

/** What was decided, without the ids of the build. */
function groupEvents(events: readonly { readonly type: string; readonly data: object }[]): unknown[] {
  return events.map(({ type, data }) => ({ type, ...data, buildId: null }));
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it never came');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
