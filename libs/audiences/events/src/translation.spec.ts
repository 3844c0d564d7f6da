import { NOTED, type Position, type StoredEvent } from '@muster/event-store';
import { SYSTEM } from '@muster/kernel';
import { audienceEvents, type AudienceEvent } from './audience.events';
import { audiencesTranslation } from './translation';

const examples = Object.fromEntries(
  Object.entries(audienceEvents.definitions).map(([type, { examples }]) => [type, examples.at(-1)]),
);

function stored(events: readonly { readonly type: string; readonly data: unknown }[]): StoredEvent[] {
  return events.map(({ type, data }, revision) => ({
    position: String(revision).padStart(4, '0') as Position,
    stream: 'audience-c-1',
    revision,
    id: `e-${String(revision)}`,
    type,
    data,
    metadata: { v: 1, time: '2026-04-01T12:00:00.000Z', actor: SYSTEM, correlationId: 'r-1' },
  }));
}

function example<T extends AudienceEvent['type']>(type: T, changes: object = {}): { type: T; data: unknown } {
  return { type, data: { ...(examples[type] as object), ...changes } };
}

async function told(log: readonly StoredEvent[], event: StoredEvent) {
  return audiencesTranslation.translate(event, async function* (_stream, from, to) {
    yield* log.slice(from, to + 1);
  });
}

it('a build is told block by block from its plan and labels, however far back they stand', async () => {
  const other = { runId: 'r-0' };
  const log = stored([
    example('AudienceBuildStarted', other),
    example('BuildPlanned', { ...other, block: 7 }),
    example('BuildAbandoned', other),
    example('AudienceBuildStarted'),
    example('BuildPlanned', { block: 0, leaverCount: 2, leavers: 'leavers' }),
    example('BuildPlanned', { block: 7, count: 0, leaverCount: 1 }),
    ...Array.from({ length: 300 }, () => ({ type: NOTED, data: {} })),
    example('BuildLabelled', { block: 0 }),
    example('BuildLabelled', { block: 7 }),
    example('AudienceBuilt', { blocks: [0, 7], left: 3 }),
  ]);
  const events = await told(log, log.at(-1)!);
  expect(events.map(({ feed, event }) => [feed, event.type])).toEqual([
    ['sets', 'muster.audiences.ProfilesLeftCampaign.v1'],
    ['sets', 'muster.audiences.ProfilesEnteredCampaign.v1'],
    ['sets', 'muster.audiences.ProfilesLeftCampaign.v1'],
    ['lifecycle', 'muster.audiences.AudienceBuilt.v1'],
  ]);
  const plan = examples['BuildPlanned'] as { newcomers: string };
  const label = examples['BuildLabelled'] as { control: string };
  expect(events[0]).toMatchObject({ key: 'c-1', event: { data: { cause: 'build', count: 2, profiles: 'leavers' } } });
  expect(events[1]?.event.data).toMatchObject({ count: 3, profiles: plan.newcomers, control: label.control });
  expect(events.map(({ event }) => event.id)).toEqual(
    [0, 1, 2, 3].map((n) => `audience-c-1/${String(log.length - 1)}/${String(n)}`),
  );
});

it('a build whose record is not whole stops the feed instead of telling half', async () => {
  const log = stored([example('AudienceBuildStarted'), example('BuildPlanned'), example('AudienceBuilt')]);
  await expect(told(log, log.at(-1)!)).rejects.toThrow('the labels of block 0');
});

it.each([
  ['ProfilesEnteredCampaign', 'sets'],
  ['ProfilesLeftCampaign', 'sets'],
  ['ProfilesChangedGroup', 'sets'],
  ['AudienceBuildFailed', 'lifecycle'],
  ['AudienceExcluded', 'lifecycle'],
] as const)('%s is told one to one in the feed %s', async (type, feed) => {
  const [event] = stored([example(type)]);
  const [only, ...rest] = await told([], event!);
  expect(rest).toEqual([]);
  expect(only).toMatchObject({ feed, key: 'c-1', event: { type: `muster.audiences.${type}.v1`, subject: 'c-1' } });
  expect(only?.event.data).not.toHaveProperty('codes');
});

it('what happens inside the audience is told to nobody', async () => {
  const events = stored([example('BuildPlanned'), example('EpochOpened'), { type: NOTED, data: {} }]);
  for (const event of events) expect(await told(events, event)).toEqual([]);
});
