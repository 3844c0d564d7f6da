import type { CampaignStatus, LcgSettings, SegmentKind, StratificationReference } from '@muster/contracts';
import type { AttachedActivity } from '@muster/campaigns-events';

export interface ExistingCampaign {
  status: CampaignStatus;
  readonly campaignId: string;
  name: string;
  description: string;
  tags: readonly string[];
  readonly databaseId: string;
  readonly segmentId: string;
  readonly segmentKind: SegmentKind;
  /** `null`: no local control group. */
  lcg: LcgSettings | null;
  stratification: StratificationReference | null;
  readonly activities: Map<string, AttachedActivity>;
  /** The build in hand; `failure` says why its last try failed. */
  build: { readonly buildId: string; readonly failure: string | null } | null;
  /** Whether profiles have been given their groups: changes of settings then open a new epoch. */
  allocated: boolean;
}

export type Campaign = { readonly status: 'nonexistent' } | ExistingCampaign;

export function initialCampaign(): Campaign {
  return { status: 'nonexistent' };
}
