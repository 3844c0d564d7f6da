import { START } from '@muster/event-store';
import { DomainError } from '@muster/kernel';
import { Body, Controller, Get, Module, Post, Query, Req, Sse, type MessageEvent } from '@nestjs/common';
import { ApiCreatedResponse } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsArray, IsInt, IsString, ValidateNested } from 'class-validator';
import type { FastifyRequest } from 'fastify';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Observable } from 'rxjs';
import type { Readable } from 'node:stream';
import { startTestApp, undeclaredRoutes, type TestApp } from '../testing';
import { Public, Roles } from './access.decorators';
import { answer, withETag } from './answer';
import { ApiProblems } from './api-problems.decorator';
import { CommandContext, NewId } from './command-context.decorator';
import { PageQuery, pageCursor } from './page';
import { RawBody } from './raw-body.decorator';
import { watch } from './watch';

class Item {
  @IsString() name!: string;
  @IsInt() 'a/b'!: number;
}

class ThingDto {
  @IsString() name!: string;
  @IsArray() @ValidateNested({ each: true }) @Type(() => Item) items!: Item[];
}

const handled = { stream: 'thing-1', revision: 4, position: '0000A' as never, events: ['Made'], repeated: false };

@Controller('things')
class ThingsController {
  @Public()
  @Get()
  list(@Query() query: PageQuery): unknown {
    return { limit: query.limit, place: query.cursor === undefined ? null : pageCursor.decode(query.cursor) };
  }

  @Get('closed')
  closed(): string {
    return 'nobody reads this';
  }

  @Roles('marketer')
  @ApiCreatedResponse({ description: 'Made.' })
  @ApiProblems('SEGMENT_NOT_FOUND', 'CONCURRENT_CHANGE')
  @Post()
  make(@Body() body: ThingDto, @CommandContext() context: CommandContext, @NewId() id: string): unknown {
    return answer(handled, { id, context, name: body.name }, { status: 201, location: `/things/${id}` });
  }

  @Roles('analyst')
  @Get('one')
  one(): unknown {
    return withETag(7, { name: 'one' });
  }

  @Roles('admin')
  @Post('noted')
  noted(): unknown {
    return answer({ ...handled, position: START }, {});
  }

  @Roles('admin')
  @Post('stream')
  async stream(@RawBody() body: Readable): Promise<unknown> {
    let bytes = 0;
    for await (const chunk of body) bytes += (chunk as Buffer).length;
    return { bytes };
  }

  @Roles('admin')
  @Get('fails')
  fails(@Query('how') how: string): never {
    if (how === 'domain') {
      throw new DomainError('SEGMENT_IN_USE', { detail: 'Used.', extra: { users: [{ id: '1' }], status: 'x' } });
    }
    if (how === 'database') throw Object.assign(new Error('secret inner words'), { code: 'ECONNREFUSED' });
    throw new Error('secret inner words');
  }

  @Roles('admin')
  @Sse('events')
  events(@Req() request: FastifyRequest): Observable<MessageEvent> {
    let done = 0;
    return watch(request, () => Promise.resolve({ done: ++done }), {
      until: (value) => value.done === 3,
      intervalMs: 1,
    });
  }

  @Roles('admin')
  @Sse('endless')
  endless(@Req() request: FastifyRequest): Observable<MessageEvent> {
    return watch(request, () => Promise.resolve({}), { until: () => false, intervalMs: 5 });
  }
}

@Module({ controllers: [ThingsController] })
class ThingsModule {}

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp([ThingsModule]);
});
afterAll(() => test.close());

const valid = { name: 'n', items: [{ name: 'i', 'a/b': 1 }] };
const as = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

describe('access', () => {
  it('denies a route that says nothing, to the admin too, and a walk over all routes finds it', async () => {
    expect(undeclaredRoutes(test.app)).toEqual(['ThingsController.closed (GET)']);
    const denied = await test.request('GET', '/api/v1/things/closed');
    expect([denied.status, denied.json()['code']]).toEqual([403, 'FORBIDDEN']);
    expect((await test.request('GET', '/api/v1/things/closed', undefined, { authorization: '' })).status).toBe(401);
  });

  it.each([
    '/api/v1/things/one',
    '/api/v1//things/one',
    '//api/v1/things/one',
    '/api/v1/things%2fone',
    '/api/v1/things/one/',
    '/api/v1/things/%6fne',
    '/api/v1/things/./one',
    '/API/v1/things/one',
  ])('lets nobody in without a key by %s, whatever the method', async (path) => {
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'PATCH']) {
      const { status, text } = await test.request(method, path, undefined, { authorization: '' });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(text).not.toContain('"one"');
    }
  });

  it.each([
    ['', ''],
    ['Bearer', ''],
    ['Bearer mk_1_2', ''],
    ['Basic YTpi', ''],
    ['', 'mk_nobody'],
  ])('refuses the key %j %j', async (authorization, apiKey) => {
    const headers = { authorization, ...(apiKey && { 'x-api-key': apiKey }) };
    const refused = await test.request('GET', '/api/v1/things/one', undefined, headers);
    expect([refused.status, refused.json()['code']]).toEqual([401, 'UNAUTHENTICATED']);
    expect(refused.headers['www-authenticate']).toContain('Bearer');
  });

  it('takes the key from X-Api-Key too', async () => {
    const headers = { authorization: '', 'x-api-key': test.keys.analyst };
    expect((await test.request('GET', '/api/v1/things/one', undefined, headers)).status).toBe(200);
  });

  it('refuses a key whose roles are others, and names those that may', async () => {
    const refused = await test.request('POST', '/api/v1/things', valid, as(test.keys.analyst));
    expect(refused.status).toBe(403);
    expect(refused.json()['detail']).toContain('admin, marketer');
    expect((await test.request('POST', '/api/v1/things', valid, as(test.keys.marketer))).status).toBe(201);
  });
});

describe('input', () => {
  it('answers every fault with its JSON pointer', async () => {
    const refused = await test.request('POST', '/api/v1/things', {
      name: 1,
      items: [{ name: 'x', 'a/b': 'one' }],
      more: true,
    });
    expect(refused.status).toBe(422);
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(refused.json()).toMatchObject({
      type: 'urn:muster:problem:VALIDATION_FAILED',
      code: 'VALIDATION_FAILED',
      status: 422,
      errors: [{ path: '/more' }, { path: '/name' }, { path: '/items/0/a~1b' }],
    });
  });

  it.each([
    ['{', 400, 'MALFORMED_BODY'],
    ['{"name":"n","items":[],"__proto__":{}}', 400, 'MALFORMED_BODY'],
    ['{"name":"n","items":[],"\\u005f_proto__":{}}', 400, 'MALFORMED_BODY'],
    ['{"name":"n","items":[{"constructor":{}}]}', 400, 'MALFORMED_BODY'],
    ['[]', 422, 'VALIDATION_FAILED'],
    ['null', 422, 'VALIDATION_FAILED'],
    ['"text"', 422, 'VALIDATION_FAILED'],
    ['', 422, 'VALIDATION_FAILED'],
  ])('refuses the body %j', async (body, status, code) => {
    const refused = await test.request('POST', '/api/v1/things', body, { 'content-type': 'application/json' });
    expect([refused.status, refused.json()['code']]).toEqual([status, code]);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'text/csv'])('refuses %s for JSON', async (type) => {
    const refused = await test.request('POST', '/api/v1/things', 'a,b', { 'content-type': type });
    expect([refused.status, refused.json()['code']]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  it('caps JSON at 10 MiB, and not what is streamed', async () => {
    const large = 'x'.repeat(10 * 1024 * 1024);
    const refused = await test.request('POST', '/api/v1/things', { ...valid, name: large });
    expect([refused.status, refused.json()['code']]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    const taken = await test.request('POST', '/api/v1/things/stream', `${large}x`, { 'content-type': 'text/csv' });
    expect(taken.json()).toEqual({ bytes: large.length + 1 });
  });

  it('refuses JSON where a stream is read', async () => {
    expect((await test.request('POST', '/api/v1/things/stream', {})).status).toBe(415);
  });

  it.each([
    ['limit=0', '/limit'],
    ['limit=1001', '/limit'],
    ['limit=abc', '/limit'],
    ['more=1', '/more'],
  ])('refuses the page query %s', async (query, path) => {
    const refused = await test.request('GET', `/api/v1/things?${query}`);
    expect(refused.json()).toMatchObject({ status: 422, errors: [{ path }] });
  });

  it('takes its own cursors back and refuses others', async () => {
    const cursor = pageCursor.encode({ after: 'ä' });
    const taken = await test.request('GET', `/api/v1/things?limit=2&cursor=${cursor}`);
    expect(taken.json()).toEqual({ limit: 2, place: { after: 'ä' } });
    const refused = await test.request('GET', '/api/v1/things?cursor=WzFd');
    expect([refused.status, refused.json()['code']]).toEqual([422, 'CURSOR_INVALID']);
  });
});

describe('commands', () => {
  it('answers with revision, position and place', async () => {
    const made = await test.request('POST', '/api/v1/things', valid);
    expect(made.headers).toMatchObject({ etag: '"4"', 'muster-position': '0000A' });
    expect(made.headers['location']).toBe(`/api/v1/things/${String(made.json()['id'])}`);
    const noted = await test.request('POST', '/api/v1/things/noted');
    expect(noted.status).toBe(200);
    expect(noted.headers['muster-position']).toBeUndefined();
    expect((await test.request('GET', '/api/v1/things/one')).headers['etag']).toBe('"7"');
  });

  it('derives id and mark from the idempotency key, for each caller by itself', async () => {
    const make = async (key: string, headers: Record<string, string> = {}, body: object = valid) =>
      (await test.request('POST', '/api/v1/things', body, { 'idempotency-key': key, ...headers })).json<{
        id: string;
        context: { mark: { bodyHash: string; caller: string; key: string } };
      }>();
    const first = await make('k1');
    expect(first.context.mark).toMatchObject({ kind: 'request', key: 'k1' });
    expect(await make('k1')).toMatchObject({ id: first.id, context: { mark: first.context.mark } });
    expect((await make('k2')).id).not.toBe(first.id);
    expect((await make('k1', as(test.keys.marketer))).id).not.toBe(first.id);
    const other = await make('k1', {}, { ...valid, name: 'other' });
    expect(other.id).toBe(first.id);
    expect(other.context.mark.bodyHash).not.toBe(first.context.mark.bodyHash);
  });

  it('takes the expected revision from If-Match', async () => {
    const made = await test.request('POST', '/api/v1/things', valid, { 'if-match': '"3"' });
    expect(made.json()).toMatchObject({ context: { expectedRevision: 3, actor: { kind: 'key', name: 'test admin' } } });
    const any = await test.request('POST', '/api/v1/things', valid, { 'if-match': '*' });
    expect(any.json<{ context: object }>().context).not.toHaveProperty('expectedRevision');
  });

  it.each([
    ['if-match', '3'],
    ['if-match', 'W/"3"'],
    ['if-match', '"3", "4"'],
    ['if-match', '"-1"'],
    ['idempotency-key', 'k'.repeat(256)],
    ['idempotency-key', 'a b'],
    ['idempotency-key', ''],
  ])('refuses the header %s: %s', async (name, value) => {
    const refused = await test.request('POST', '/api/v1/things', valid, { [name]: value });
    expect([refused.status, refused.json()['code']]).toEqual([422, 'VALIDATION_FAILED']);
  });
});

describe('problems', () => {
  it('keeps the members of a domain error', async () => {
    const refused = await test.request('GET', '/api/v1/things/fails?how=domain');
    expect(refused.json()).toMatchObject({
      status: 409,
      code: 'SEGMENT_IN_USE',
      detail: 'Used.',
      users: [{ id: '1' }],
    });
  });

  it('says that a dependency is away, and when to come back', async () => {
    const refused = await test.request('GET', '/api/v1/things/fails?how=database');
    expect([refused.status, refused.json()['code']]).toEqual([503, 'DEPENDENCY_UNAVAILABLE']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused.text).not.toContain('secret');
  });

  it('tells nothing of what failed inside but the correlation id', async () => {
    const refused = await test.request('GET', '/api/v1/things/fails', undefined, { 'x-correlation-id': 'mine-1' });
    expect(refused.json()).toMatchObject({ status: 500, code: 'INTERNAL_ERROR', correlationId: 'mine-1' });
    expect(refused.headers['x-correlation-id']).toBe('mine-1');
    expect(refused.text).not.toContain('secret');
  });

  it('takes no correlation id that could break a log', async () => {
    const given = 'a"\u00e9 b';
    const answered = await test.request('GET', '/health/live', undefined, { 'x-correlation-id': given });
    expect(answered.headers['x-correlation-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each(['/api/v1/nothing', '/nothing', '/api/v1/%zz'])('answers %s with a problem', async (path) => {
    const refused = await test.request('GET', path);
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(['NOT_FOUND', 'MALFORMED_BODY']).toContain(refused.json()['code']);
  });
});

describe('server-sent events', () => {
  it('send what changed and end with the last value', async () => {
    const response = await fetch(`${await test.url()}/api/v1/things/events`, { headers: as(test.adminKey) });
    const data = [...(await response.text()).matchAll(/data: (.*)/g)].map(
      ([, json]) => JSON.parse(json ?? '') as unknown,
    );
    expect(data).toEqual([{ done: 1 }, { done: 2 }, { done: 3 }]);
  });
});

describe('operations', () => {
  it('are live and ready, and tell figures to operators', async () => {
    expect((await test.request('GET', '/health/live', undefined, { authorization: '' })).json()).toEqual({
      status: 'live',
    });
    const ready = await test.request('GET', '/health/ready', undefined, { authorization: '' });
    expect([ready.status, ready.json()]).toEqual([200, { status: 'ready', reasons: [] }]);
    expect((await test.request('GET', '/metrics', undefined, { authorization: '' })).status).toBe(401);
    const figures = await test.request('GET', '/metrics', undefined, as(test.keys.operator));
    expect(figures.headers['content-type']).toContain('text/plain');
    expect(figures.text).toContain(
      'muster_http_request_duration_seconds_count{method="GET",route="/health/live",status="200"}',
    );
  });

  it('describe the API in OpenAPI 3.1 and show it on a page of their own', async () => {
    const document = (await test.request('GET', '/api/openapi.json', undefined, { authorization: '' })).json<{
      openapi: string;
      paths: Record<string, Record<string, { security?: unknown; responses: Record<string, unknown> }>>;
      components: { schemas: object; securitySchemes: object };
    }>();
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.components.securitySchemes)).toEqual(['bearer', 'apiKey']);
    expect(document.components.schemas).toHaveProperty('Problem');
    const make = document.paths['/api/v1/things']?.['post'];
    expect(make?.security).toEqual([{ bearer: [] }, { apiKey: [] }]);
    expect(Object.keys(make?.responses ?? {})).toEqual(
      expect.arrayContaining(['201', '401', '403', '404', '409', '422', '500', '503']),
    );
    const page = await test.request('GET', '/api/docs', undefined, { authorization: '' });
    for (const [, asset] of page.text.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect(asset).toMatch(/^\/api\/docs\//);
      expect((await test.request('GET', asset ?? '', undefined, { authorization: '' })).status).toBe(200);
    }
  });
});

describe('shutdown', () => {
  it('ends streams without end and finishes', async () => {
    const other = await startTestApp([ThingsModule]);
    const response = await fetch(`${await other.url()}/api/v1/things/endless`, { headers: as(other.adminKey) });
    const [text] = await Promise.all([response.text(), other.close()]);
    expect(text).toContain('data: {}');
  });

  it('waits for no connection that has asked nothing, and finishes what is asked', async () => {
    const other = await startTestApp([ThingsModule]);
    const { port } = new URL(await other.url());
    const silent = connect(Number(port), '127.0.0.1');
    await once(silent, 'connect');
    const started = performance.now();
    await other.close();
    // Requests in hand may take ten seconds: nothing of that is spent on this one.
    expect(performance.now() - started).toBeLessThan(8_000);
    silent.destroy();
  });
});
