import type { ActivityKind, CampaignStatus } from '@muster/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A row of the list of campaigns; written by `campaignsProjection` alone. */
@Entity({ name: 'campaign', synchronize: false })
export class CampaignEntity {
  @PrimaryColumn({ name: 'campaign_id', type: 'uuid' })
  campaignId!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  description!: string;

  @Column({ type: 'text', array: true })
  tags!: string[];

  @Column({ name: 'database_id', type: 'uuid' })
  databaseId!: string;

  @Column({ name: 'segment_id', type: 'uuid' })
  segmentId!: string;

  @Column({ type: 'text' })
  status!: CampaignStatus;

  @Column({ type: 'integer', nullable: true })
  members!: number | null;

  @Column({ type: 'integer', nullable: true })
  control!: number | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'changed_at', type: 'timestamptz' })
  changedAt!: Date;
}

/** A row of the list of activities; written by `campaignsProjection` alone. */
@Entity({ name: 'activity', synchronize: false })
export class ActivityEntity {
  @PrimaryColumn({ name: 'activity_id', type: 'uuid' })
  activityId!: string;

  @Column({ type: 'text' })
  kind!: ActivityKind;

  @Column({ type: 'text' })
  name!: string;

  @Column({ name: 'database_id', type: 'uuid' })
  databaseId!: string;

  @Column({ name: 'segment_id', type: 'uuid', nullable: true })
  segmentId!: string | null;

  @Column({ name: 'ignores_lcg', type: 'boolean' })
  ignoresLcg!: boolean;

  @Column({ name: 'expands_audience', type: 'boolean' })
  expandsAudience!: boolean;

  @Column({ name: 'campaign_id', type: 'uuid', nullable: true })
  campaignId!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
