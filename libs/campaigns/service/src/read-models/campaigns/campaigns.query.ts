import type { CampaignStatus } from '@muster/contracts';
import { newestFirst, type Page } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { ActivityEntity, CampaignEntity } from './campaign.entity';

export interface CampaignFilter {
  readonly databaseId?: string;
  readonly segmentId?: string;
  readonly status?: CampaignStatus;
}

export interface ActivityFilter {
  readonly databaseId?: string;
  readonly campaignId?: string;
}

/** Reads the lists of campaigns and activities, newest first. */
@Injectable()
export class CampaignsQuery {
  constructor(
    @InjectRepository(CampaignEntity, 'campaigns') private readonly campaigns: Repository<CampaignEntity>,
    @InjectRepository(ActivityEntity, 'campaigns') private readonly activities: Repository<ActivityEntity>,
  ) {}

  list(filter: CampaignFilter, limit: number, cursor?: string): Promise<Page<CampaignEntity>> {
    const query = this.campaigns.createQueryBuilder('row').where(present(filter));
    return newestFirst(query, { at: 'createdAt', id: 'campaignId' }, limit, cursor);
  }

  listActivities(filter: ActivityFilter, limit: number, cursor?: string): Promise<Page<ActivityEntity>> {
    const query = this.activities.createQueryBuilder('row').where(present(filter));
    return newestFirst(query, { at: 'createdAt', id: 'activityId' }, limit, cursor);
  }
}

function present<T extends object>(filter: T): Partial<T> {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as Partial<T>;
}
