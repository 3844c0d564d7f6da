import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The trace that an event was filed with: the worker goes on with it. */
export class IntakeTraces1769000004000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE intake ADD COLUMN traceparent text COLLATE "C"`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE intake DROP COLUMN traceparent');
  }
}
