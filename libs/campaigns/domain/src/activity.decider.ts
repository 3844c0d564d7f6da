import { DomainError, unreachable, type Decider } from '@muster/kernel';
import type { ActivityKind } from '@muster/contracts';
import type { ActivityEvent } from '@muster/campaigns-events';

export interface ExistingActivity {
  readonly state: 'existing';
  readonly activityId: string;
  readonly kind: ActivityKind;
  name: string;
  readonly databaseId: string;
  readonly segmentId: string | null;
  ignoresLcg: boolean;
  expandsAudience: boolean;
  /** The campaign that it belongs to, or has been claimed by. */
  campaignId: string | null;
}

export type Activity = { readonly state: 'nonexistent' } | ExistingActivity;

interface Command<T extends string, D> {
  readonly type: T;
  readonly data: D;
}

export type CreateActivity = Command<
  'CreateActivity',
  {
    readonly activityId: string;
    readonly kind: ActivityKind;
    readonly name: string;
    readonly databaseId: string;
    readonly segmentId: string | null;
    readonly ignoresLcg: boolean;
    readonly expandsAudience: boolean;
  }
>;
/** Claims the activity for a campaign; the campaign's own stream then takes it. */
export type JoinCampaign = Command<'JoinCampaign', { readonly campaignId: string }>;
export type LeaveCampaign = Command<'LeaveCampaign', { readonly campaignId: string }>;
export type ActivityCommand = CreateActivity | JoinCampaign | LeaveCampaign;

const MAX_NAME = 200;

/** The rules of one activity's own record; which campaign it serves is decided by the campaign. */
export const activity: Decider<Activity, ActivityCommand, ActivityEvent> = {
  initialState: () => ({ state: 'nonexistent' }),

  decide(command, state) {
    if (command.type === 'CreateActivity') return create(command, state);
    const existing = existingActivity(state);
    switch (command.type) {
      case 'JoinCampaign':
        return join(command, existing);
      case 'LeaveCampaign':
        return existing.campaignId === command.data.campaignId
          ? [{ type: 'ActivityLeftCampaign', data: { activityId: existing.activityId, ...command.data } }]
          : [];
      default:
        return unreachable(command);
    }
  },

  evolve(state, { type, data }) {
    switch (type) {
      case 'ActivityCreated':
        return { state: 'existing', ...data, campaignId: null };
      case 'ActivityDescribed':
        return Object.assign(existingActivity(state), {
          name: data.name,
          ignoresLcg: data.ignoresLcg,
          expandsAudience: data.expandsAudience,
        });
      case 'ActivityJoinedCampaign':
        return Object.assign(existingActivity(state), { campaignId: data.campaignId });
      case 'ActivityLeftCampaign':
        return Object.assign(existingActivity(state), { campaignId: null });
      default:
        return unreachable(type);
    }
  },
};

function create({ data }: CreateActivity, state: Activity): ActivityEvent[] {
  if (state.state === 'existing') {
    throw new DomainError('ACTIVITY_EXISTS', { detail: `The activity ${data.activityId} exists already.` });
  }
  if (data.name.trim() === '' || data.name.length > MAX_NAME) {
    throw new DomainError('ACTIVITY_INVALID', {
      detail: 'The name of the activity is not valid.',
      errors: [{ path: '/name', message: `must have 1 to ${String(MAX_NAME)} characters and not be blank` }],
    });
  }
  return [{ type: 'ActivityCreated', data }];
}

function join({ data: { campaignId } }: JoinCampaign, state: ExistingActivity): ActivityEvent[] {
  if (state.campaignId === campaignId) return [];
  if (state.campaignId !== null) {
    throw new DomainError('ACTIVITY_CANNOT_BE_ATTACHED', {
      detail: 'The activity is used by another campaign.',
      extra: { rule: 'one-campaign', campaignId: state.campaignId },
    });
  }
  return [{ type: 'ActivityJoinedCampaign', data: { activityId: state.activityId, campaignId } }];
}

export function existingActivity(state: Activity): ExistingActivity {
  if (state.state === 'nonexistent') {
    throw new DomainError('ACTIVITY_NOT_FOUND', { detail: 'There is no activity with this id.' });
  }
  return state;
}
