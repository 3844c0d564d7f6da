import { audienceEvents, audiencesTranslation } from '@muster/audiences-events';
import { campaignEvents, campaignsTranslation } from '@muster/campaigns-events';
import type { IntegrationEvent, OutgoingEvent } from '@muster/contracts';
import { keyOf } from '@muster/contracts/documents';
import { CONTRACTS, declarationOf } from '@muster/contracts/registry';
import { eventCheck } from '@muster/contracts/validation';
import { NOTED, type Position, type StoredEvent } from '@muster/event-store';
import { derivedUuid, SYSTEM } from '@muster/kernel';
import { profileMessages, type ExternalIds } from '@muster/messaging-kafka';
import { segmentEvents, segmentMembersEvents, segmentsTranslation } from '@muster/segments-events';

interface Family {
  readonly definitions: Readonly<Record<string, { readonly examples: readonly unknown[] }>>;
}
interface Translating {
  translate(
    stored: StoredEvent,
    readBack: (stream: string, from: number, to: number) => AsyncIterable<StoredEvent>,
  ): Promise<readonly OutgoingEvent[]>;
}

const CONTEXTS: readonly [Translating, string, Family, readonly (readonly [string, object])[]][] = [
  [segmentsTranslation, 'segment-s-1', segmentEvents, []],
  [segmentsTranslation, 'segmentMembers-s-1', segmentMembersEvents, []],
  [campaignsTranslation, 'campaign-c-1', campaignEvents, [['CampaignActivated', { lcg: null, stratification: null }]]],
  [
    audiencesTranslation,
    'audience-c-1',
    audienceEvents,
    [
      ['AudienceExcluded', { databaseId: null }],
      ['BuildPlanned', { runId: 'r-2', count: 0, leaverCount: 3, leavers: 'OjAAAAEAAAAAAAIAEAAAAAEAAgADAA==' }],
      ['AudienceBuilt', { runId: 'r-2', left: 3 }],
    ],
  ],
];

/** One event of each type and variant that the context stores, as the log of one stream with the ids that Muster gives. */
function logOf(stream: string, { definitions }: Family, variants: readonly (readonly [string, object])[]) {
  const events = [
    ...Object.entries(definitions).flatMap(([type, { examples }]) => examples.map((data) => ({ type, data }))),
    ...variants.map(([type, changes]) => ({
      type,
      data: { ...(definitions[type]?.examples.at(-1) as object), ...changes },
    })),
    { type: NOTED, data: {} },
  ];
  const stored = events.map(({ type, data }, revision): StoredEvent => {
    const metadata = { v: 1, time: '2026-04-01T12:00:00.000Z', actor: SYSTEM, correlationId: 'request-1' };
    const position = String(revision).padStart(4, '0') as Position;
    return { position, stream, revision, id: derivedUuid(`${stream}/${String(revision)}`), type, data, metadata };
  });
  const text = JSON.stringify(stored).replace(/\b(s|db|c|a|b|r|i)-\d\b/g, (id) => derivedUuid(id));
  return JSON.parse(text) as StoredEvent[];
}

async function toldOf([translation, stream, family, variants]: (typeof CONTEXTS)[number]) {
  const log = logOf(stream, family, variants);
  const told: OutgoingEvent[] = [];
  for (const stored of log) {
    const readBack = async function* (_: string, from: number, to: number) {
      yield* log.slice(from, to + 1);
    };
    told.push(...(await translation.translate(stored, readBack)));
  }
  return told;
}

async function profilesOf(events: readonly OutgoingEvent[]) {
  const ids: ExternalIds['externalIdsOf'][] = [
    () => Promise.resolve(null),
    () => Promise.resolve(new Map()),
    (_, numbers) => Promise.resolve(new Map(numbers.map((number) => [number, `customer-${String(number)}`]))),
  ];
  const told: { key: string; event: IntegrationEvent }[] = [];
  for (const event of events) {
    for (const externalIdsOf of ids) {
      for await (const messages of profileMessages([event], { externalIdsOf })) {
        told.push(
          ...messages.map(({ key, value }) => ({
            key: key.toString(),
            event: JSON.parse(value.toString()) as IntegrationEvent,
          })),
        );
      }
    }
  }
  return told;
}

it('what the services tell is what is declared: each type, valid by its schema, in its feed, under its key', async () => {
  const sets = (await Promise.all(CONTEXTS.map(toldOf))).flat();
  const profiles = await profilesOf(sets);
  const problems = [...sets, ...profiles].map(({ event }) => [event.type, eventCheck(event)] as const);
  expect(problems.filter(([, problem]) => problem !== undefined)).toEqual([]);
  expect([...new Set(problems.map(([type]) => type))].sort()).toEqual(CONTRACTS.map(({ type }) => type).sort());
  for (const { event, context, feed, key } of sets) {
    expect({ feed, context }).toEqual({
      feed: declarationOf(event.type)?.feed,
      context: declarationOf(event.type)?.context,
    });
    expect(key).toBe(keyOf(declarationOf(event.type)!, event.data));
  }
  for (const { event, key } of profiles) {
    expect(declarationOf(event.type)?.feed).toBe('profiles');
    expect(key).toBe(keyOf(declarationOf(event.type)!, event.data));
  }
});

it('a field that is told and not declared, or declared and not told, would be seen', async () => {
  const sets = (await Promise.all(CONTEXTS.map(toldOf))).flat();
  const told = [...sets, ...(await profilesOf(sets))];
  for (const { type, data } of CONTRACTS) {
    const fields = told
      .filter(({ event }) => event.type === type)
      .map(({ event }) => Object.keys(event.data as object));
    expect([type, [...new Set(fields.flat())].sort()]).toEqual([type, Object.keys(data.properties).sort()]);
  }
});
