import { DomainError } from '@muster/kernel';
import type { CampaignStatus } from '@muster/contracts';
import type { ExistingCampaign } from './campaign';

/** What may be asked of a campaign in each status: quoted by every refusal. */
const allowed: Readonly<Record<CampaignStatus, readonly string[]>> = {
  inactive: ['activate', 'complete (once it has profiles)', 'change settings', 'attach and detach activities'],
  waiting: ['cancel the activation'],
  audience_building: ['cancel the build'],
  active: ['deactivate', 'complete', 'attach and detach activities'],
  audience_exclusion: [],
  completed: [],
};

/** Refuses with `CAMPAIGN_STATUS_CONFLICT`, which names the status and what it allows, unless the status is one of these. */
export function requireStatus(state: ExistingCampaign, statuses: readonly CampaignStatus[], what: string): void {
  if (statuses.includes(state.status)) return;
  throw statusConflict(state, `${what} while the campaign is ${statuses.join(' or ')}; it is ${state.status}.`);
}

export function statusConflict(state: ExistingCampaign, detail: string): DomainError {
  return new DomainError('CAMPAIGN_STATUS_CONFLICT', {
    detail,
    extra: { campaignStatus: state.status, allowed: allowed[state.status] },
  });
}
