import type { DomainEvent } from '@muster/kernel';
import { defineEvents } from '@muster/event-store';
import type { ActivityKind } from '@muster/contracts';

export type ActivityStatus = 'draft' | 'active' | 'paused' | 'completed';

export type ActivityCreated = DomainEvent<
  'ActivityCreated',
  {
    readonly activityId: string;
    readonly kind: ActivityKind;
    readonly name: string;
    readonly databaseId: string;
    /** `null`: the whole database. */
    readonly segmentId: string | null;
    readonly ignoresLcg: boolean;
    readonly expandsAudience: boolean;
  }
>;
export type ActivityDescribed = DomainEvent<
  'ActivityDescribed',
  {
    readonly activityId: string;
    readonly name: string;
    readonly ignoresLcg: boolean;
    readonly expandsAudience: boolean;
  }
>;
/** The activity's own record of the campaign it belongs to; the campaign's stream decides. */
export type ActivityJoinedCampaign = DomainEvent<
  'ActivityJoinedCampaign',
  { readonly activityId: string; readonly campaignId: string }
>;
export type ActivityLeftCampaign = DomainEvent<
  'ActivityLeftCampaign',
  { readonly activityId: string; readonly campaignId: string }
>;

export type ActivityEvent = ActivityCreated | ActivityDescribed | ActivityJoinedCampaign | ActivityLeftCampaign;

export const activityEvents = defineEvents<ActivityEvent>('activity', {
  ActivityCreated: {
    version: 1,
    examples: [
      {
        activityId: 'a-1',
        kind: 'broadcast',
        name: 'Mail 1',
        databaseId: 'db-1',
        segmentId: null,
        ignoresLcg: false,
        expandsAudience: false,
      },
    ],
  },
  ActivityDescribed: {
    version: 1,
    examples: [{ activityId: 'a-1', name: 'Mail one', ignoresLcg: true, expandsAudience: false }],
  },
  ActivityJoinedCampaign: { version: 1, examples: [{ activityId: 'a-1', campaignId: 'c-1' }] },
  ActivityLeftCampaign: { version: 1, examples: [{ activityId: 'a-1', campaignId: 'c-1' }] },
});
