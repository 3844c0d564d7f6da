import type { Aggregate } from '@muster/aggregates';
import {
  activity,
  campaign,
  type Activity,
  type ActivityCommand,
  type Campaign,
  type CampaignCommand,
} from '@muster/campaigns-domain';
import { activityEvents, campaignEvents, type ActivityEvent, type CampaignEvent } from '@muster/campaigns-events';

export const campaignAggregate: Aggregate<Campaign, CampaignCommand, CampaignEvent> = {
  events: campaignEvents,
  decider: campaign,
};

export const activityAggregate: Aggregate<Activity, ActivityCommand, ActivityEvent> = {
  events: activityEvents,
  decider: activity,
};
