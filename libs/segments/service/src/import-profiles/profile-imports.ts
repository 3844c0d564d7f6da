import { DomainError } from '@muster/kernel';
import { InjectPool } from '@muster/platform';
import type { ProfileSet } from '@muster/profile-set';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { ImportRecords } from './import-records';
import { touchedBy } from './touched';

/** What other parts of the service ask about imports. */
@Injectable()
export class ProfileImports {
  constructor(
    @InjectPool('segments') private readonly pool: Pool,
    private readonly records: ImportRecords,
  ) {}

  /**
   * Every profile that the accepted rows made, changed or found as it was; kept for 30 days. Throws `IMPORT_NOT_FOUND`,
   * and `IMPORT_IN_PROGRESS` until the import has ended.
   */
  async touchedProfiles(importId: string): Promise<{ readonly databaseId: string; readonly profiles: ProfileSet }> {
    const { databaseId, state } = await this.records.get(importId);
    if (state !== 'completed' && state !== 'failed') {
      throw new DomainError('IMPORT_IN_PROGRESS', { detail: `The import is ${state}; wait until it has ended.` });
    }
    return { databaseId, profiles: await touchedBy(this.pool, importId) };
  }
}
