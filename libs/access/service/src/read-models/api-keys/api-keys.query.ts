import { InjectPool, type Role } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';

export interface ApiKeyRow {
  readonly keyId: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly issuedAt: Date;
  readonly issuedBy: string;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

const COLUMNS = `key_id AS "keyId", name, roles, issued_at AS "issuedAt", issued_by AS "issuedBy",
  expires_at AS "expiresAt", revoked_at AS "revokedAt"`;

@Injectable()
export class ApiKeysQuery {
  constructor(@InjectPool('access') private readonly pool: Pool) {}

  /** In the order of their ids, after this one. */
  async page(after: string | null, limit: number): Promise<readonly ApiKeyRow[]> {
    const { rows } = await this.pool.query<ApiKeyRow>(
      `SELECT ${COLUMNS} FROM api_key WHERE $1::uuid IS NULL OR key_id > $1 ORDER BY key_id LIMIT $2`,
      [after, limit],
    );
    return rows;
  }

  async one(keyId: string): Promise<(ApiKeyRow & { readonly secretHash: string }) | null> {
    const { rows } = await this.pool.query<ApiKeyRow & { secretHash: string }>(
      `SELECT ${COLUMNS}, secret_hash AS "secretHash" FROM api_key WHERE key_id = $1`,
      [keyId],
    );
    return rows[0] ?? null;
  }
}
