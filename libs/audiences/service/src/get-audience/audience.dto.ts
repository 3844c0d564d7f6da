import { ApiProperty } from '@nestjs/swagger';

export const BUILD_STATES = ['planning', 'labelling', 'built', 'failed', 'cancelled'] as const;
export type BuildState = (typeof BUILD_STATES)[number];

export class BuildView {
  @ApiProperty({ format: 'uuid' }) readonly buildId!: string;
  @ApiProperty({ format: 'uuid' }) readonly campaignId!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The attempt at the plan.' })
  readonly runId!: string | null;

  @ApiProperty({
    enum: BUILD_STATES,
    description: '`failed`: the next attempt follows by itself until it is cancelled.',
  })
  readonly state!: BuildState;

  @ApiProperty({ description: 'Profiles read while planning, then profiles that have their group.' })
  readonly done!: number;

  @ApiProperty({ type: Number, nullable: true, description: 'Profiles that enter; unknown while planning.' })
  readonly total!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Who entered by this build.' })
  readonly entered!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Who left by this build.' })
  readonly left!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Members after the build.' })
  readonly members!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Those of them in the local control group.' })
  readonly control!: number | null;

  @ApiProperty({ description: 'Attempts that failed.' }) readonly failures!: number;
  @ApiProperty({ type: String, nullable: true, description: 'Why the last attempt failed.' })
  readonly error!: string | null;

  @ApiProperty({ format: 'date-time' }) readonly startedAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly endedAt!: string | null;
}

export class StratumView {
  @ApiProperty({ description: 'Place of the stratum in the canonical order of the stratification.' })
  readonly code!: number;

  @ApiProperty({ description: 'Assigned in this epoch; leavers stay counted.' }) readonly assigned!: number;
  @ApiProperty({ description: 'Those of them who became control.' }) readonly control!: number;
}

export class EpochView {
  @ApiProperty() readonly number!: number;
  @ApiProperty({ type: [StratumView] }) readonly strata!: readonly StratumView[];
}

export const AUDIENCE_STATUSES = ['empty', 'building', 'active', 'paused', 'excluded'] as const;

export class AudienceView {
  @ApiProperty({ format: 'uuid' }) readonly campaignId!: string;

  @ApiProperty({ enum: AUDIENCE_STATUSES })
  readonly status!: (typeof AUDIENCE_STATUSES)[number];

  @ApiProperty() readonly members!: number;
  @ApiProperty() readonly test!: number;
  @ApiProperty() readonly control!: number;

  @ApiProperty({ type: EpochView, nullable: true, description: 'Absent before the first build.' })
  readonly epoch!: EpochView | null;

  @ApiProperty({ description: 'Changes of the segment up to this revision are in the audience; -1: none.' })
  readonly segmentRevision!: number;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The newest build.' })
  readonly buildId!: string | null;
}

export class VerifiedBatchView {
  @ApiProperty() readonly epoch!: number;
  @ApiProperty({ enum: ['build', 'segment'] }) readonly kind!: 'build' | 'segment';
  @ApiProperty({ required: false, format: 'uuid' }) readonly buildId?: string;
  @ApiProperty({ required: false, description: 'The change of the segment.' }) readonly segmentRevision?: number;
  @ApiProperty() readonly entered!: number;
  @ApiProperty() readonly control!: number;
  @ApiProperty() readonly agrees!: boolean;

  @ApiProperty({ description: 'Profiles whose recorded group is another than the one by the seed.' })
  readonly differing!: number;
}

export class VerificationView {
  @ApiProperty({ description: 'Every batch of the record is what its seed gives.' }) readonly agrees!: boolean;
  @ApiProperty({ type: [VerifiedBatchView] }) readonly batches!: readonly VerifiedBatchView[];
}
