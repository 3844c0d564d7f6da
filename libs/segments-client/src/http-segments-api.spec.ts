import { DomainError } from '@muster/kernel';
import { inSpan } from '@muster/tracing';
import { recordTraces } from '@muster/tracing/testing';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpSegmentsApi } from './http-segments-api';
import type { HttpSegmentsApiOptions } from './options';
import { decodeMembershipPage, encodeMembershipPage } from './wire';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const summary = { segmentId: 's', databaseId: 'd', name: 'n', kind: 'static', deleted: false, count: 3 };
const ok: Answer = (_, response) => response.end(JSON.stringify(summary));
const status =
  (code: number, body: object = {}): Answer =>
  (_, response) =>
    response.writeHead(code, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body));
const hangUp: Answer = (request) => request.socket.destroy();
const silence: Answer = () => undefined;

let server: Server;
let answers: Answer[];
let asked: IncomingMessage[];
let time: number;

beforeEach(async () => {
  [answers, asked, time] = [[], [], 0];
  server = createServer((request, response) => {
    asked.push(request);
    (answers.length > 1 ? answers.shift() : answers[0])?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function client(options: Partial<HttpSegmentsApiOptions> = {}): HttpSegmentsApi {
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return new HttpSegmentsApi({ url, apiKey: 'secret', retryMs: 1, breaker: { now: () => time }, ...options });
}

async function refusal(work: Promise<unknown>): Promise<DomainError> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  if (error instanceof DomainError) return error;
  throw new Error(`refused with ${String(error)}`);
}

describe('a call of the segments service', () => {
  it('carries the key, and parts of the path as they are', async () => {
    answers = [ok];
    await client().segment('a/b?c');
    expect(asked[0]?.url).toBe('/api/v1/internal/segments-api/segments/a%2Fb%3Fc');
    expect(asked[0]?.headers.authorization).toBe('Bearer secret');
  });

  it('goes on with the trace of its caller', async () => {
    const traces = recordTraces();
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const from = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
    answers = [ok];
    await inSpan({ name: 'caller', from }, () => client().segment('s'));
    const span = traces.told().find(({ name }) => name === 'GET segments/*');
    expect(asked[0]?.headers['traceparent']).toBe(`00-${traceId}-${span?.spanId ?? ''}-01`);
    await traces.stop();
  });

  it.each([
    ['hangs up', hangUp],
    ['is stopping', status(503)],
    ['is behind a gateway that finds nobody', status(502)],
  ])('is repeated when the other side %s', async (_, failing) => {
    answers = [failing, failing, ok];
    expect(await client().segment('s')).toEqual(summary);
    expect(asked).toHaveLength(3);
  });

  it('is given up after some tries', async () => {
    answers = [hangUp];
    expect(await refusal(client().segment('s'))).toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    expect(asked).toHaveLength(3);
  });

  it('is given up when no answer comes in time', async () => {
    answers = [silence];
    expect(await refusal(client({ timeoutMs: 500, tries: 2 }).segment('s'))).toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
    expect(asked).toHaveLength(2);
  });

  it('throws what the other side refuses, at once and as it was said', async () => {
    const problem = { code: 'SEGMENT_IN_USE', detail: 'Used.', errors: [{ path: '/a', message: 'b' }], users: [1] };
    answers = [status(409, { ...problem, status: 409, title: 'In use', type: 't', correlationId: 'c' })];
    const { code, details } = await refusal(client().segment('s'));
    expect({ code, ...details }).toEqual({
      code: 'SEGMENT_IN_USE',
      detail: 'Used.',
      errors: [{ path: '/a', message: 'b' }],
      extra: { users: [1] },
    });
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['a key that is not taken', status(401, { code: 'UNAUTHENTICATED' })],
    ['a missing route', status(404, { code: 'NOT_FOUND' })],
    ['a failure', status(500, { code: 'INTERNAL_ERROR', detail: 'inner matters' })],
    ['a code that nobody knows', status(409, { code: 'constructor' })],
    ['an answer that is no JSON', (_: IncomingMessage, response: ServerResponse) => response.end('<html>')],
  ])('makes of %s a dependency that is away', async (_, answer) => {
    answers = [answer];
    const { code, details } = await refusal(client().segment('s'));
    expect(code).toBe('DEPENDENCY_UNAVAILABLE');
    expect(details.detail).not.toContain('inner matters');
  });

  it('is not repeated for strata that were told before', async () => {
    const strata = [{ hash: 'h', label: 'residual' }];
    answers = [(_, response) => response.end(JSON.stringify(strata)), hangUp];
    const api = client();
    expect([await api.describeStrata('one'), await api.describeStrata('one')]).toEqual([strata, strata]);
    expect(asked).toHaveLength(1);
    expect(await refusal(api.describeStrata('another'))).toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
  });

  it('takes no members that are cut short', async () => {
    const page = { revision: 4, nextAfter: null, blocks: [{ block: 0, members: Uint8Array.of(1, 2, 3) }] };
    const bytes = encodeMembershipPage(page);
    expect(decodeMembershipPage(bytes)).toEqual(page);
    answers = [(_, response) => response.end(bytes.subarray(0, -1))];
    const { code } = await refusal(client().membership({ segmentId: 's', limit: 1 }));
    expect(code).toBe('DEPENDENCY_UNAVAILABLE');
  });
});

describe('the breaker', () => {
  it('sends nothing for a while after failures in a row, then one call, then all again', async () => {
    answers = [hangUp];
    const api = client({ breaker: { now: () => time, failures: 5, openMs: 1_000 } });
    await refusal(api.segment('s'));
    await refusal(api.segment('s'));
    expect(asked).toHaveLength(5);
    await refusal(api.segment('s'));
    expect(asked).toHaveLength(5);
    time = 1_000;
    await refusal(api.segment('s'));
    expect(asked).toHaveLength(6);
    time = 2_000;
    answers = [ok];
    expect(await api.segment('s')).toEqual(summary);
    expect(await api.segment('s')).toEqual(summary);
    expect(asked).toHaveLength(8);
  });

  it('is not opened by refusals', async () => {
    answers = [status(409, { code: 'SEGMENT_DELETED' })];
    const api = client();
    for (let call = 0; call < 8; call++) await refusal(api.segment('s'));
    expect(asked).toHaveLength(8);
  });
});

describe('readiness', () => {
  it('says where the service is not reached', async () => {
    answers = [ok];
    const api = client();
    expect(await api.unreachable()).toBeNull();
    expect(asked[0]?.url).toBe('/health/live');
    answers = [hangUp];
    expect(await api.unreachable()).toMatch(/^the segments service at http:\/\/127\.0\.0\.1:\d+ does not answer$/);
  });
});
