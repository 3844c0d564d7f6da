import { outgoingEvent, type OutgoingEvent } from '@muster/contracts';
import type { Translation } from '@muster/messaging';
import { ProfileSet } from '@muster/profile-set';

export const TOLD = 'muster.campaigns.Told.v1';

/** `Told` on a campaign becomes that in the life-cycle feed; on an audience it becomes a set of profiles. */
const campaigns: Translation = {
  context: 'campaigns',
  categories: ['campaign'],
  translate: (stored) => {
    if (stored.type === 'Broken') return Promise.reject(new Error('cannot be read'));
    const subject = stored.stream.slice('campaign-'.length);
    const { v } = stored.metadata;
    const way = { context: 'campaigns', feed: 'lifecycle', name: stored.type, version: v, n: 0, subject } as const;
    return Promise.resolve([outgoingEvent(stored, { ...way, data: stored.data })]);
  },
};
const audiences: Translation = {
  context: 'audiences',
  categories: ['audience'],
  translate: (stored) => {
    const subject = stored.stream.slice('audience-'.length);
    const { name, numbers } = stored.data as { name: string; numbers: number[] };
    const profiles = ProfileSet.of(numbers).encodeBase64();
    const data = { campaignId: subject, databaseId: subject, cause: 'segment', profiles, count: numbers.length };
    const way = { context: 'audiences', feed: 'sets', name, version: 1, n: 0, subject } as const;
    return Promise.resolve([outgoingEvent(stored, { ...way, data })]);
  },
};

export const TRANSLATIONS = [campaigns, audiences];

export const textOf = (delivery: OutgoingEvent): string => (delivery.event.data as { text: string }).text;

/** Every profile has an external id that tells its number. */
export const EXTERNAL_IDS = {
  externalIdsOf: (_: string, numbers: readonly number[]) =>
    Promise.resolve(new Map(numbers.map((number) => [number, `x${String(number)}`]))),
};
