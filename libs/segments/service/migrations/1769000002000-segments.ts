import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Conditions by their hash (literals can be erased here), and the staged chunks of large runs. */
export class Segments1769000002000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE condition (
        hash text COLLATE "C" PRIMARY KEY,
        script jsonb NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE segment_run_chunk (
        run_id uuid NOT NULL,
        seq integer NOT NULL,
        events jsonb NOT NULL,
        PRIMARY KEY (run_id, seq)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE segment_run_chunk, condition');
  }
}
