import { campaignEvents, campaignsTranslation } from '@muster/campaigns-events';
import type { CampaignStatusChanged } from '@muster/contracts';
import type { Position } from '@muster/event-store';
import { SYSTEM } from '@muster/kernel';
import { STATUS_AFTER } from './campaign-snapshots';

it.each(campaignEvents.types)('%s leaves a campaign in the status that subscribers are told', async (type) => {
  const { examples, version } = campaignEvents.definitions[type]!;
  const outgoing = await campaignsTranslation.translate({
    position: '1' as Position,
    stream: 'campaign-c-1',
    revision: 0,
    id: 'e-1',
    type,
    data: examples.at(-1),
    metadata: { v: version, time: '2026-01-01T00:00:00.000Z', actor: SYSTEM, correlationId: 'c' },
  });
  const told = outgoing.flatMap(({ event }) =>
    event.type === 'muster.campaigns.CampaignStatusChanged.v1' ? [(event.data as CampaignStatusChanged).status] : [],
  );
  const known = Object.entries(STATUS_AFTER).flatMap(([name, status]) => (name === type ? [status] : []));
  // That a campaign begins inactive goes without saying.
  expect(type === 'CampaignCreated' ? ['inactive'] : told).toEqual(known);
});
