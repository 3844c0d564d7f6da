import { contentHash, DomainError } from '@muster/kernel';
import { InjectPool } from '@muster/platform';
import { validateCondition, type Condition, type ProfileSchema } from '@muster/segmentation';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';

/** Condition scripts by their hash. They hold literals, so they stand in a table that can be erased, never in events. */
@Injectable()
export class Conditions {
  constructor(@InjectPool('segments') private readonly pool: Pool) {}

  /** The condition of a script, or `CONDITION_INVALID` with the places that are wrong; `pointer` leads to the script. */
  check(script: unknown, schema: ProfileSchema, pointer = '/condition'): Condition {
    const check = validateCondition(script, schema);
    if ('condition' in check) return check.condition;
    throw new DomainError('CONDITION_INVALID', {
      detail: 'The condition is not valid.',
      errors: check.problems.map((problem) => ({ ...problem, path: `${pointer}${problem.path}` })),
    });
  }

  /** Keeps a condition and answers with its hash. */
  async keep(condition: Condition): Promise<string> {
    const hash = contentHash(condition);
    await this.pool.query('INSERT INTO condition (hash, script) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      hash,
      JSON.stringify(condition),
    ]);
    return hash;
  }

  /** The condition with this hash; `null` stands for "every profile". */
  async load(hash: string | null): Promise<Condition | null> {
    if (hash === null) return null;
    const { rows } = await this.pool.query<{ script: Condition }>('SELECT script FROM condition WHERE hash = $1', [
      hash,
    ]);
    const [row] = rows;
    if (!row) {
      throw new DomainError('CONDITION_INVALID', { detail: 'The condition was erased and must be given again.' });
    }
    return row.script;
  }
}
