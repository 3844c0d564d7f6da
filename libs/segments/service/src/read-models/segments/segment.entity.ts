import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A row of the list of segments; written by `segmentsProjection` alone. */
@Entity({ name: 'segment', synchronize: false })
export class SegmentEntity {
  @PrimaryColumn({ name: 'segment_id', type: 'uuid' })
  segmentId!: string;

  @Column({ name: 'database_id', type: 'uuid' })
  databaseId!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  kind!: string;

  @Column({ type: 'text' })
  description!: string;

  @Column({ type: 'text', array: true })
  tags!: string[];

  @Column({ type: 'integer' })
  count!: number;

  @Column({ type: 'boolean' })
  calculated!: boolean;

  @Column({ type: 'boolean' })
  running!: boolean;

  @Column({ type: 'boolean' })
  deleted!: boolean;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'changed_at', type: 'timestamptz' })
  changedAt!: Date;
}

/** A row of the log of runs; written by `segmentsProjection` alone. */
@Entity({ name: 'segment_run', synchronize: false })
export class SegmentRunEntity {
  @PrimaryColumn({ name: 'run_id', type: 'uuid' })
  runId!: string;

  @Column({ name: 'segment_id', type: 'uuid' })
  segmentId!: string;

  @Column({ type: 'text' })
  cause!: string;

  @Column({ type: 'text' })
  initiator!: string;

  @Column({ type: 'text' })
  state!: 'in_progress' | 'completed' | 'error';

  @Column({ name: 'started_at', type: 'timestamptz' })
  startedAt!: Date;

  @Column({ name: 'ended_at', type: 'timestamptz', nullable: true })
  endedAt!: Date | null;

  @Column({ type: 'integer', nullable: true })
  found!: number | null;

  @Column({ type: 'integer', nullable: true })
  added!: number | null;

  @Column({ type: 'integer', nullable: true })
  removed!: number | null;

  @Column({ type: 'text', nullable: true })
  error!: string | null;
}
