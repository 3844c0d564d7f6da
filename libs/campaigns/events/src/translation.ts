import { outgoingEvent, type CampaignStatus, type OutgoingEvent } from '@muster/contracts';
import { NOTED, type StoredEvent } from '@muster/event-store';
import { campaignEvents, type CampaignEvent } from './campaign.events';

/** What a campaign tells others: its life cycle. */
export const campaignsTranslation = {
  context: 'campaigns',
  categories: [campaignEvents.category],
  translate: (stored: StoredEvent): Promise<readonly OutgoingEvent[]> => Promise.resolve(translate(stored)),
} as const;

type Told = readonly [name: string, data: unknown];

function translate(stored: StoredEvent): OutgoingEvent[] {
  if (stored.type === NOTED) return [];
  const event = campaignEvents.read(stored);
  const subject = event.data.campaignId;
  return tell(event).map(([name, data], n) =>
    outgoingEvent(stored, { context: 'campaigns', feed: 'lifecycle', name, version: 1, n, subject, data }),
  );
}

function tell({ type, data }: CampaignEvent): readonly Told[] {
  switch (type) {
    case 'CampaignActivated':
      return [['CampaignActivated', data], statusChanged(data.campaignId, 'inactive', 'audience_building')];
    case 'CampaignAudienceReady':
      return [statusChanged(data.campaignId, 'audience_building', 'active')];
    case 'CampaignBuildCancelled':
      return [['CampaignBuildCancelled', data], statusChanged(data.campaignId, 'audience_building', 'inactive')];
    case 'CampaignDeactivated':
      return [['CampaignDeactivated', data], statusChanged(data.campaignId, 'active', 'inactive')];
    case 'CampaignCompletionStarted': {
      const { campaignId, previous } = data;
      return [['CampaignCompletionStarted', { campaignId }], statusChanged(campaignId, previous, 'audience_exclusion')];
    }
    case 'CampaignCompleted':
      return [statusChanged(data.campaignId, 'audience_exclusion', 'completed')];
    default:
      return [];
  }
}

function statusChanged(campaignId: string, previous: CampaignStatus, status: CampaignStatus): Told {
  return ['CampaignStatusChanged', { campaignId, status, previous }];
}
