import { derivedUuid } from '@muster/kernel';
import { formatKey, ROLES, type Caller, type KeyVerifier, type Role } from '../access';

const SECRET = 'test-'.repeat(8);

/** A key for each role, in memory: service tests need no access module. */
export class TestKeys implements KeyVerifier {
  private readonly callers = new Map(
    ROLES.map((role) => [keyIdOf(role), { keyId: keyIdOf(role), name: `test ${role}`, roles: [role] }]),
  );

  /** What a request of this role sends as its key. */
  static of(role: Role): string {
    return formatKey(keyIdOf(role), SECRET);
  }

  verify(keyId: string, secret: string): Promise<Caller | null> {
    return Promise.resolve(secret === SECRET ? (this.callers.get(keyId) ?? null) : null);
  }
}

function keyIdOf(role: Role): string {
  return derivedUuid(`test key ${role}`);
}
