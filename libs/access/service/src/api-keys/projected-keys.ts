import { sha256Hex } from '@muster/kernel';
import type { Caller, KeyVerifier } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import { ApiKeysQuery } from '../read-models/api-keys/api-keys.query';

type Known = Awaited<ReturnType<ApiKeysQuery['one']>>;

interface Entry {
  readonly key: NonNullable<Known>;
  /** In milliseconds of the clock that `verify` is given. */
  readonly readAt: number;
}

/** How long a key is believed without another look: so long may a revoked key still open a door. */
const FRESH_MS = 1_000;
const MAX_ENTRIES = 1_000;
/** Compared against where there is no key, so that the answer takes as long. */
const NOBODY = '0'.repeat(64);

/** Checks keys against the read model, at most once a second for each key. */
@Injectable()
export class ProjectedKeys implements KeyVerifier {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly keys: ApiKeysQuery) {}

  async verify(keyId: string, secret: string, now: Date): Promise<Caller | null> {
    const key = await this.find(keyId, now.getTime());
    const right = timingSafeEqual(Buffer.from(sha256Hex(secret)), Buffer.from(key?.secretHash ?? NOBODY));
    if (!key || !right || key.revokedAt !== null) return null;
    if (key.expiresAt !== null && key.expiresAt <= now) return null;
    return { keyId, name: key.name, roles: key.roles };
  }

  private async find(keyId: string, now: number): Promise<Known> {
    const entry = this.entries.get(keyId);
    if (entry && Math.abs(now - entry.readAt) < FRESH_MS) return entry.key;
    const key = await this.keys.one(keyId);
    if (this.entries.size >= MAX_ENTRIES) this.entries.clear();
    // Unknown keys are not kept: a key works as soon as it is projected.
    if (key) this.entries.set(keyId, { key, readAt: now });
    else this.entries.delete(keyId);
    return key;
  }
}
