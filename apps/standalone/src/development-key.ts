import type { BootstrapKeys } from '@muster/access-service';
import { DomainError } from '@muster/kernel';
import { formatKey, parseKey } from '@muster/platform';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * The key that the console and the first `curl` use: made at the first start, kept in `file` (readable by the owner
 * only) and valid again at the next one. A revoked one is replaced.
 */
export async function ensureDevelopmentKey(keys: BootstrapKeys, file: string): Promise<string> {
  const kept = await readFile(file, 'utf8').catch(() => '');
  if (parseKey(kept.trim()) && (await makeValid(keys, kept.trim()))) return kept.trim();
  const token = formatKey(randomUUID(), randomBytes(32).toString('base64url'));
  await makeValid(keys, token);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${token}\n`, { mode: 0o600 });
  return token;
}

/** False for a key that was revoked. */
async function makeValid(keys: BootstrapKeys, token: string): Promise<boolean> {
  try {
    await keys.ensureBootstrapKey({ token, name: 'development', roles: ['admin'] });
    return true;
  } catch (error) {
    if (error instanceof DomainError && error.code === 'API_KEY_EXISTS') return false;
    throw error;
  }
}
