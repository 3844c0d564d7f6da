import { outgoingEvent, type OutgoingEvent } from '@muster/contracts';
import { ProfileSet } from '@muster/profile-set';
import fc from 'fast-check';
import { profileMessages, type ExternalIds } from './profile-feed';
import { readMessage } from './read-message';

const stored = {
  stream: 'audience-a"b',
  revision: 5,
  id: 'e',
  position: 'p',
  metadata: { time: '2026-01-01T00:00:00.000Z', correlationId: 'c' },
};
const setEvent = (name: string, n: number, data: object): OutgoingEvent =>
  outgoingEvent(stored, { context: 'audiences', feed: 'sets', name, version: 1, n, subject: 'campaign', data });

const entered = (n: number, numbers: readonly number[], control: readonly number[]) =>
  setEvent('ProfilesEnteredCampaign', n, {
    campaignId: 'campaign',
    databaseId: 'db',
    epoch: 1,
    cause: 'build',
    profiles: ProfileSet.of(numbers).encodeBase64(),
    count: numbers.length,
    control: ProfileSet.of(control).encodeBase64(),
    controlCount: control.length,
  });
const left = (n: number, numbers: readonly number[]) =>
  setEvent('ProfilesLeftCampaign', n, {
    campaignId: 'campaign',
    databaseId: 'db',
    cause: 'build',
    profiles: ProfileSet.of(numbers).encodeBase64(),
    count: numbers.length,
  });

const idsOf = (ids: (number: number) => string | undefined): ExternalIds => ({
  externalIdsOf: (_, numbers) =>
    Promise.resolve(new Map(numbers.flatMap((number) => (ids(number) === undefined ? [] : [[number, ids(number)!]])))),
});
const unpublished: ExternalIds = { externalIdsOf: () => Promise.resolve(null) };

async function messages(events: readonly OutgoingEvent[], ids: ExternalIds) {
  const all = [];
  for await (const some of profileMessages(events, ids)) all.push(...some);
  return all.map(({ key, value }) => ({ key: key.toString(), event: JSON.parse(value.toString()) as unknown }));
}

it('tells each profile of a set by itself, keyed by database and number, with a number of its own', async () => {
  const told = await messages([left(0, [3]), entered(1, [3, 70_000], [70_000])], unpublished);
  expect(told.map(({ key }) => key)).toEqual(['db:3', 'db:3', 'db:70000']);
  expect(told[2]?.event).toEqual({
    specversion: '1.0',
    id: 'audience-a"b/5/2',
    source: '/muster/audiences',
    type: 'muster.audiences.ProfileEnteredCampaign.v1',
    time: '2026-01-01T00:00:00.000Z',
    subject: 'campaign',
    datacontenttype: 'application/json',
    correlationid: 'c',
    causationid: 'e',
    position: 'p',
    data: { campaignId: 'campaign', databaseId: 'db', epoch: 1, cause: 'build', profile: 70_000, group: 'control' },
  });
  expect(told.map(({ event }) => (event as { data: { group?: string } }).data.group)).toEqual([
    undefined,
    'test',
    'control',
  ]);
});

it('adds external ids as they are, and null for a profile that has none any more', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40_000 }), async (externalId) => {
      const told = await messages(
        [left(0, [1, 2])],
        idsOf((number) => (number === 1 ? externalId : undefined)),
      );
      const ids = told.map(({ event }) => (event as { data: { externalId: unknown } }).data.externalId);
      expect(ids).toEqual([externalId, null]);
    }),
    { numRuns: 100 },
  );
});

it('asks for external ids in batches and keeps messages whole over its buffers', async () => {
  const numbers = Array.from({ length: 25_000 }, (_, i) => 2 * i + 1);
  const asked: number[] = [];
  const ids: ExternalIds = {
    externalIdsOf: (_, some) => {
      asked.push(some.length);
      return Promise.resolve(new Map(some.map((number) => [number, `x${String(number)}`])));
    },
  };
  const told = await messages([left(0, numbers)], ids);
  expect(asked).toEqual([10_000, 10_000, 5_000]);
  const seen = told.map(({ event }) => event as { id: string; data: { profile: number; externalId: string } });
  expect(seen.map(({ data }) => data.profile)).toEqual(numbers);
  expect(
    seen.every(({ id, data }, n) => id.endsWith(`/5/${String(n)}`) && data.externalId === `x${String(data.profile)}`),
  ).toBe(true);
});

it('is read by consumers as any other feed', async () => {
  for await (const [message] of profileMessages([left(4, [9])], unpublished)) {
    const handles = ['muster.audiences.ProfileLeftCampaign.v1'];
    const { sourceReference } = readMessage('audiences.profiles.v1', message!, handles, () => undefined)!;
    expect(sourceReference).toEqual({ stream: 'audience-a"b', revision: 5, n: 0 });
  }
});

it('leaves out what is no set', async () => {
  expect(await messages([setEvent('AudienceBuilt', 0, { databaseId: 'db' })], unpublished)).toEqual([]);
});
