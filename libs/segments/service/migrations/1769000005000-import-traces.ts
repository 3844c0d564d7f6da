import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The trace of the upload: the import goes on with it. */
export class ImportTraces1769000005000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE import ADD COLUMN traceparent text COLLATE "C"`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE import DROP COLUMN traceparent');
  }
}
