import type { DataOfSchema, eventSchema } from './declared/declaration';
import { CONTRACTS, type EventType } from './declared/registry';
import { exampleOf, keyOf } from './documents/example';
import type { AudienceExcluded, CampaignActivated, IntegrationEvent, ProfileEnteredCampaign } from './index';
import { feedOf, topicOf, TOPICS } from './topics';
import { eventCheck, isMusterEvent } from './validation';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Checked by the compiler: what the schemas give is as strict as what would be written by hand. */
const asByHand: [
  Same<
    ProfileEnteredCampaign,
    {
      readonly campaignId: string;
      readonly databaseId: string;
      readonly cause: 'build' | 'segment' | 'expansion' | 'forced' | 'gcg' | 'lcg_changed' | 'completed' | 'manual';
      readonly epoch: number;
      readonly profile: number;
      readonly group: 'test' | 'control';
      readonly externalId?: string | null;
    }
  >,
  Same<AudienceExcluded, { readonly campaignId: string; readonly databaseId: string | null; readonly left: number }>,
  Same<CampaignActivated['stratification'], { readonly hash: string; readonly strata: readonly string[] } | null>,
  Same<DataOfSchema<ReturnType<typeof eventSchema>>, IntegrationEvent>,
  Same<Extract<EventType, `${string}GroupChanged.v1`>, 'muster.audiences.ProfileGroupChanged.v1'>,
] = [true, true, true, true, true];

const example = (type: EventType): IntegrationEvent => exampleOf(CONTRACTS.find((declared) => declared.type === type)!);
const entered = example('muster.audiences.ProfilesEnteredCampaign.v1');
const withData = (event: IntegrationEvent, changes: object): IntegrationEvent => ({
  ...event,
  data: { ...(event.data as object), ...changes },
});

it('the types are those of the schemas', () => {
  expect(asByHand).not.toContain(false);
});

it('each type is declared once, in a feed that has a topic, and each topic of a feed has events', () => {
  const types = CONTRACTS.map(({ type }) => type);
  expect(new Set(types).size).toBe(types.length);
  const used = new Set(CONTRACTS.map(({ context, feed }) => topicOf(context, feed)));
  expect([...used].sort()).toEqual(TOPICS.flatMap(({ name }) => (feedOf(name) ? [name] : [])).sort());
});

describe.each(CONTRACTS.map((declared) => [declared.type, declared] as const))('%s', (_, declared) => {
  const event = exampleOf(declared);
  const { required, properties } = declared.data;

  it('has a valid example with a key', () => {
    expect(eventCheck(event)).toBeUndefined();
    expect(isMusterEvent(event)).toBe(true);
    expect(keyOf(declared, event.data)).not.toContain('undefined');
    expect(required).toEqual(expect.arrayContaining([...declared.key]));
  });

  it('may have fields that are not known', () => {
    expect(eventCheck({ ...withData(event, { more: 1 }), ...{ tracestate: 'more' } })).toBeUndefined();
  });

  it('is refused without any of the fields that it promises, and with one of another type', () => {
    for (const field of required) {
      expect(eventCheck(withData(event, { [field]: undefined }))).toBe(`/data must have required property '${field}'`);
    }
    for (const field of Object.keys(properties)) {
      expect(eventCheck(withData(event, { [field]: true }))).toContain(`/data/${field} must be`);
    }
  });
});

it.each([
  ['a campaign whose id is none', { campaignId: 'c-1' }, '/data/campaignId must match format "uuid"'],
  ['a set that is no base64', { profiles: 'OjAAAAEAAA*AAAIA' }, '/data/profiles must match pattern'],
  ['a set in another encoding', { profiles: 'AQIDBAUGBwgJCgsM' }, '/data/profiles must match pattern'],
  ['a word that is not on the list', { cause: 'whim' }, '/data/cause must be equal to one of the allowed values'],
  ['half a profile', { count: 1.5 }, '/data/count must be integer'],
  ['more profiles than there are numbers', { count: 2 ** 31 + 1 }, '/data/count must be <= 2147483648'],
])('refuses %s, and says where without the value', (_, changes, says) => {
  expect(eventCheck(withData(entered, changes))).toContain(says);
});

it.each([
  ['time', '2026-04-01 09:30'],
  ['time', '2026-04-01T11:30:00+02:00'],
  ['id', 'audience-1'],
  ['source', '/muster/campaigns'],
  ['subject', 'spring'],
  ['traceparent', '00-1'],
])('refuses an envelope whose %s is %s', (attribute, value) => {
  const problem = eventCheck({ ...entered, [attribute]: value });
  expect(problem).toContain(`/${attribute} must`);
  expect(problem).not.toContain(value);
});

it('knows no event that is not declared, and takes nothing else for one', () => {
  expect(eventCheck({ ...entered, type: 'muster.audiences.Told.v1' })).toContain('no event of Muster');
  expect([null, 5, {}, { type: 5 }, { ...entered, type: 'x' }, { ...entered, data: null }].some(isMusterEvent)).toBe(
    false,
  );
});
