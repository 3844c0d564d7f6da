import { audienceEvents } from '@muster/audiences-events';
import { createTestDatabase } from '@muster/embedded/testing';
import { NOTED } from '@muster/event-store';
import { segmentMembersEvents } from '@muster/segments-events';
import { INTAKE_CONSUMER } from '../intake/intake-row';
import { FakeSegments, Scene, startAudiences, type AudiencesApp } from '../testing/audiences-app';

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

let app: AudiencesApp;
let segments: FakeSegments;
let scene: Scene;

beforeAll(async () => {
  segments = new FakeSegments();
  app = await startAudiences({ segments });
}, 60_000);
beforeEach(async () => {
  scene = new Scene(app, segments);
  scene.lcg = { basisPoints: 5000, count: null };
  await scene.fill(range(1, 101));
  await scene.activate();
  await app.settle();
});
afterAll(() => app.close());

it('a change of the segment labels newcomers and removes leavers, and tells others', async () => {
  const before = scene.groupsAsTold();
  await scene.fill(range(101, 161), range(1, 11));
  await app.settle();
  expect(await scene.get()).toMatchObject({ members: 150, status: 'active' });
  const groups = scene.groupsAsTold();
  expect([...groups.keys()]).toEqual(range(11, 161));
  const { epoch } = await scene.get<{ epoch: { strata: { assigned: number; control: number }[] } }>();
  expect(epoch.strata.map(({ assigned }) => assigned)).toEqual([53, 54, 53]);
  for (const { assigned, control } of epoch.strata) {
    expect(Math.abs(control * 10_000 - 5000 * assigned)).toBeLessThan(10_000);
  }
  for (const profile of range(11, 101)) expect(groups.get(profile)).toBe(before.get(profile));
});

it('a change is applied once, however often it is delivered', async () => {
  await scene.fill(range(101, 161), range(1, 11));
  await app.settle();
  const before = await scene.events();
  await app.deliverAgain();
  expect(await scene.events()).toEqual(before);
});

it('a paused audience takes the net difference at its next activation', async () => {
  await scene.tell({ type: 'CampaignDeactivated', data: { campaignId: scene.campaignId } });
  await app.settle();
  const before = scene.groupsAsTold();
  await scene.fill([200, 201], range(1, 51));
  await scene.fill(range(11, 51), [200]);
  await app.settle();
  expect(scene.groupsAsTold()).toEqual(before);
  expect(await scene.get()).toMatchObject({ status: 'paused', members: 100 });
  await scene.activate();
  await app.settle();
  const after = scene.groupsAsTold();
  expect([...after.keys()]).toEqual([...range(11, 101), 201]);
  for (const profile of range(11, 101)) expect(after.get(profile)).toBe(before.get(profile));
  await scene.fill([300]);
  await app.settle();
  expect(scene.groupsAsTold().has(300)).toBe(true);
});

it('everyone leaves with the completion of the campaign, for ever', async () => {
  await scene.tell({
    type: 'CampaignCompletionStarted',
    data: { campaignId: scene.campaignId, previous: 'active' },
  });
  await app.settle();
  expect(scene.groupsAsTold().size).toBe(0);
  expect(await scene.get()).toMatchObject({ status: 'excluded', members: 0, control: 0 });
  expect(app.told.at(-1)?.event).toMatchObject({
    type: 'muster.audiences.AudienceExcluded.v1',
    data: { left: 100 },
  });
  await scene.fill([999]);
  await app.settle();
  expect(scene.groupsAsTold().size).toBe(0);
});

it('a change of several appends is one batch: the shares of all its newcomers are exact', async () => {
  const strata = 1000;
  segments.strataOf = (profile) => profile % strata;
  scene = new Scene(app, segments);
  scene.lcg = { basisPoints: 1000, count: null };
  scene.stratification = {
    hash: 'cd'.repeat(32),
    strata: Array.from({ length: strata }, (_, i) => i.toString(16).padStart(16, '0')),
  };
  await scene.activate();
  await app.settle();
  await scene.fill(range(1, 350_000));
  await app.settle();
  segments.strataOf = (profile) => profile % 3;
  const events = await scene.events();
  const entered = events.filter(({ type }) => type === 'ProfilesEnteredCampaign');
  expect(entered).toHaveLength(6);
  const { epoch } = await scene.get<{ epoch: { strata: { assigned: number; control: number }[] } }>();
  for (const { assigned, control } of epoch.strata) {
    expect(Math.abs(control * 10_000 - 1000 * assigned)).toBeLessThan(10_000);
  }
  expect(await scene.get('/verification')).toMatchObject({ agrees: true });
}, 60_000);

it('a poisoned change stops its source for this audience and nothing else', async () => {
  const strata = segments.strataOf;
  segments.strataOf = () => 99;
  await scene.fill([500]);
  await app.settle();
  expect(await scene.get()).toMatchObject({ members: 100 });
  await scene.tell({ type: 'CampaignDeactivated', data: { campaignId: scene.campaignId } });
  await app.settle();
  expect(await scene.get()).toMatchObject({ status: 'paused' });
  segments.strataOf = strata;
  await scene.activate();
  await app.settle();
  expect(await scene.get()).toMatchObject({ status: 'active', members: 101 });
});

it('a change whose process dies between two appends is finished with the strata that were read before', async () => {
  const strata = 300;
  const database = await createTestDatabase();
  const own = new FakeSegments();
  own.strataOf = (profile) => profile % strata;
  const options = { segments: own, databaseUrl: database.connectionString };
  const first = await startAudiences({ ...options, appends: 4 });
  const before = new Scene(first, own);
  before.lcg = { basisPoints: 5000, count: null };
  before.stratification = {
    hash: 'ef'.repeat(32),
    strata: Array.from({ length: strata }, (_, i) => i.toString(16).padStart(16, '0')),
  };
  await before.activate();
  await first.settle();
  await before.fill(range(1, 350_001));
  while (!(await before.events()).some(({ type }) => type === 'ProfilesEnteredCampaign')) await first.test.store.head();
  await first.close();

  own.strataOf = () => 0;
  const second = await startAudiences(options);
  await second.settle();
  const after = before.in(second);
  const { members, epoch } = await after.get<{ members: number; epoch: { strata: { assigned: number }[] } }>();
  expect(members).toBe(350_000);
  expect(epoch.strata[0]?.assigned).toBe(Math.floor(350_000 / strata));
  expect(await after.get('/verification')).toMatchObject({ agrees: true });
  const types = (await after.events()).map(({ type }) => type);
  expect(types.filter((type) => type === 'SegmentChangeApplied')).toHaveLength(1);
  await second.close();
  await database.drop();
}, 60_000);

it('a change that is marked as done and is not stops its source for this audience and nothing else', async () => {
  const revision = await scene.fill([500]);
  await app.settle();
  const source = { stream: segmentMembersEvents.stream(scene.segmentId), revision: revision + 2, n: 0, last: true };
  const mark = { kind: 'follow-up', consumer: INTAKE_CONSUMER, source } as const;
  await app.append(audienceEvents.stream(scene.campaignId), [{ type: NOTED, data: {} }], mark);
  await scene.fill([600]);
  await app.settle();
  expect(await scene.get()).toMatchObject({ status: 'active', members: 101 });
  await scene.tell({ type: 'CampaignDeactivated', data: { campaignId: scene.campaignId } });
  await app.settle();
  expect(await scene.get()).toMatchObject({ status: 'paused' });
});
