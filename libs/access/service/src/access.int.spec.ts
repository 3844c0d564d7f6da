import type { ApiKeyIssued } from '@muster/access-events';
import { formatKey } from '@muster/platform';
import { startTestApp, type TestApp } from '@muster/platform/testing';
import { AccessModule, BootstrapKeys } from '.';

const ADMIN = formatKey('00000000-0000-4000-8000-0000000000ad', 'admin-secret-'.repeat(3));
const as = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp([AccessModule], { ownKeys: true });
  await test.app.get(BootstrapKeys).ensureBootstrapKey({ token: ADMIN, name: 'bootstrap', roles: ['admin'] });
});
afterAll(() => test.close());

interface Issued {
  keyId: string;
  key: string | null;
}

async function issue(body: object, headers: Record<string, string> = {}): Promise<Issued & { etag?: string }> {
  const answered = await test.request('POST', '/api/v1/api-keys', body, { ...as(ADMIN), ...headers });
  expect(answered.status).toBe(201);
  return answered.json<Issued>();
}

const list = (key: string) => test.request('GET', '/api/v1/api-keys', undefined, as(key));

describe('API keys', () => {
  it('open doors as soon as they are known, with their roles and no others', async () => {
    const admin = await issue({ name: 'second admin', roles: ['admin'] });
    expect((await list(admin.key ?? '')).status).toBe(200);
    const analyst = await issue({ name: 'reports', roles: ['analyst'] });
    expect((await list(analyst.key ?? '')).status).toBe(403);
  });

  it('are stored as a hash only, and listed without it', async () => {
    const { keyId, key } = await issue({ name: 'hashed', roles: ['service'] });
    const secret = (key ?? '').split('_').slice(2).join('_');
    expect(secret.length).toBeGreaterThanOrEqual(43);
    for await (const event of test.store.readStream(`apiKey-${keyId}`)) {
      expect(JSON.stringify(event.data)).not.toContain(secret);
      expect((event.data as ApiKeyIssued['data']).secretHash).toMatch(/^[0-9a-f]{64}$/);
    }
    const { text } = await list(ADMIN);
    expect(text).toContain(keyId);
    expect(text).not.toContain(secret);
    expect(text).not.toContain('ecretHash');
  });

  it('close doors when they are revoked', async () => {
    const { keyId, key } = await issue({ name: 'short', roles: ['admin'] });
    expect((await list(key ?? '')).status).toBe(200);
    const path = `/api/v1/api-keys/${keyId}`;
    expect((await test.request('DELETE', path, undefined, as(ADMIN))).status).toBe(204);
    expect((await test.request('DELETE', path, undefined, as(ADMIN))).status).toBe(204);
    await test.settle();
    // A key is believed for a second without another look.
    await expect(untilRefused(key ?? '')).resolves.toBeLessThan(2_000);
  });

  it('close doors when they expire', async () => {
    const expiresAt = new Date(Date.now() + 300).toISOString();
    const { key } = await issue({ name: 'expiring', roles: ['admin'], expiresAt });
    await expect(untilRefused(key ?? '')).resolves.toBeLessThan(1_000);
  });

  it('are refused with a wrong secret', async () => {
    const { keyId } = await issue({ name: 'guessed', roles: ['admin'] });
    expect((await list(formatKey(keyId, 'x'.repeat(43)))).status).toBe(401);
  });

  it('are issued once for one idempotency key; the repeat shows no secret', async () => {
    const body = { name: 'once', roles: ['analyst'] };
    const first = await issue(body, { 'idempotency-key': 'once-1' });
    expect(await issue(body, { 'idempotency-key': 'once-1' })).toEqual({ keyId: first.keyId, key: null });
    const other = { ...body, name: 'other' };
    const refused = await test.request('POST', '/api/v1/api-keys', other, {
      ...as(ADMIN),
      'idempotency-key': 'once-1',
    });
    expect([refused.status, refused.json()['code']]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });

  it.each([
    [{ name: 'n', roles: ['king'] }, '/roles'],
    [{ name: '', roles: ['admin'] }, '/name'],
    [{ name: ' ', roles: ['admin'] }, '/name'],
    [{ name: 'n', roles: ['admin'], expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt'],
    [{ name: 'n', roles: ['admin'], expiresAt: 'soon' }, '/expiresAt'],
    [{ name: 'n', roles: ['admin'], secret: 'mine' }, '/secret'],
  ])('are refused as %j', async (body, path) => {
    const refused = await test.request('POST', '/api/v1/api-keys', body, as(ADMIN));
    expect(refused.json()).toMatchObject({ status: 422, errors: [{ path }] });
  });

  it('are listed page by page', async () => {
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { items: { keyId: string }[]; nextCursor: string | null } = (
        await test.request('GET', `/api/v1/api-keys?limit=2${cursor && `&cursor=${cursor}`}`, undefined, as(ADMIN))
      ).json();
      seen.push(...page.items.map(({ keyId }) => keyId));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual([...new Set(seen)].sort());
    expect(seen.length).toBeGreaterThan(4);
  });

  it('that are revoked do not come back with the next start', async () => {
    const token = formatKey('00000000-0000-4000-8000-0000000000de', 'development-'.repeat(3));
    const keys = test.app.get(BootstrapKeys);
    const key = { token, name: 'development', roles: ['admin'] } as const;
    await keys.ensureBootstrapKey(key);
    await keys.ensureBootstrapKey(key);
    await test.request('DELETE', '/api/v1/api-keys/00000000-0000-4000-8000-0000000000de', undefined, as(ADMIN));
    await expect(keys.ensureBootstrapKey(key)).rejects.toMatchObject({ code: 'API_KEY_EXISTS' });
  });
});

async function untilRefused(key: string): Promise<number> {
  const from = Date.now();
  while ((await list(key)).status !== 401 && Date.now() < from + 5_000)
    await new Promise((done) => setTimeout(done, 20));
  return Date.now() - from;
}
