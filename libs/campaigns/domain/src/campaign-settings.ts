import { DomainError, type FieldProblem } from '@muster/kernel';
import type { LcgSettings } from '@muster/contracts';
import type { CampaignEvent } from '@muster/campaigns-events';
import type { Campaign, ExistingCampaign } from './campaign';
import type { ChangeLcg, ChangeStratification, CreateCampaign, DescribeCampaign } from './campaign.commands';
import { requireStatus } from './campaign-status';

const MAX_NAME = 200;
const MAX_COUNT = 2_147_483_647;

export function create({ data }: CreateCampaign, state: Campaign): CampaignEvent[] {
  if (state.status !== 'nonexistent') {
    throw new DomainError('CAMPAIGN_EXISTS', { detail: `The campaign ${data.campaignId} exists already.` });
  }
  checkName(data.name);
  if (data.segmentDatabaseId !== data.databaseId) {
    throw new DomainError('CAMPAIGN_INVALID', {
      detail: 'The segment belongs to another profile database than the campaign.',
      errors: [{ path: '/segmentId', message: `must be a segment of the profile database ${data.databaseId}` }],
    });
  }
  const { campaignId, name, description, tags, databaseId, segmentId, segmentKind, lcg, stratification } = data;
  const events: CampaignEvent[] = [
    { type: 'CampaignCreated', data: { campaignId, name, description, tags, databaseId, segmentId, segmentKind } },
  ];
  if (lcg) {
    checkLcg(lcg);
    events.push({ type: 'CampaignLcgChanged', data: { campaignId, lcg } });
  }
  if (stratification) events.push({ type: 'CampaignStratificationChanged', data: { campaignId, stratification } });
  return events;
}

export function describe({ data }: DescribeCampaign, state: ExistingCampaign): CampaignEvent[] {
  const name = data.name ?? state.name;
  const description = data.description ?? state.description;
  const tags = data.tags ?? state.tags;
  checkName(name);
  const same = name === state.name && description === state.description && sameTags(tags, state.tags);
  if (same) return [];
  return [{ type: 'CampaignDescribed', data: { campaignId: state.campaignId, name, description, tags } }];
}

export function changeLcg({ data: { lcg } }: ChangeLcg, state: ExistingCampaign): CampaignEvent[] {
  requireStatus(state, ['inactive'], 'The local control group can be changed');
  if (lcg) {
    checkLcg(lcg);
    checkRaisedNumber(lcg, state);
  }
  if (JSON.stringify(lcg) === JSON.stringify(state.lcg)) return [];
  return [{ type: 'CampaignLcgChanged', data: { campaignId: state.campaignId, lcg } }];
}

export function changeStratification(
  { data: { stratification } }: ChangeStratification,
  state: ExistingCampaign,
): CampaignEvent[] {
  requireStatus(state, ['inactive'], 'The stratification can be changed');
  if (stratification?.hash === state.stratification?.hash) return [];
  return [{ type: 'CampaignStratificationChanged', data: { campaignId: state.campaignId, stratification } }];
}

function checkName(name: string): void {
  if (name.trim() === '' || name.length > MAX_NAME) {
    throw new DomainError('CAMPAIGN_INVALID', {
      detail: 'The name of the campaign is not valid.',
      errors: [{ path: '/name', message: `must have 1 to ${String(MAX_NAME)} characters and not be blank` }],
    });
  }
}

function checkLcg(lcg: LcgSettings): void {
  const errors: FieldProblem[] = [];
  const { basisPoints, count } = lcg;
  if (basisPoints === null && count === null) {
    errors.push({ path: '/lcg', message: 'needs percent, count or both; null switches the local control group off' });
  }
  if (basisPoints !== null && !isWithin(basisPoints, 0, 10_000)) {
    errors.push({ path: '/lcg/percent', message: 'must be from 0 to 100 with at most two decimals' });
  }
  if (count !== null && !isWithin(count, 0, MAX_COUNT)) {
    errors.push({ path: '/lcg/count', message: `must be a whole number from 0 to ${String(MAX_COUNT)}` });
  }
  if (errors.length > 0) {
    throw new DomainError('LCG_INVALID', { detail: 'The local control group settings are not valid.', errors });
  }
}

/** An exact number fills at the build and newcomers are test; filling a higher one from newcomers alone would make all of them control. */
function checkRaisedNumber(lcg: LcgSettings, state: ExistingCampaign): void {
  const raised = lcg.count !== null && lcg.basisPoints === null && lcg.count > (state.lcg?.count ?? 0);
  if (state.allocated && raised) {
    throw new DomainError('LCG_NUMBER_NEEDS_PERCENT', {
      detail:
        'Profiles already have their groups: a higher number can only be filled from newcomers, at a share you name.',
      errors: [{ path: '/lcg/percent', message: 'is needed beside a higher count' }],
    });
  }
}

function isWithin(value: number, from: number, to: number): boolean {
  return Number.isInteger(value) && value >= from && value <= to;
}

function sameTags(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((tag, index) => tag === b[index]);
}
