import type { IncomingMessage } from 'node:http';
import { correlationOf, errorForLog } from './error-for-log';
import { lineForPeople, requestForLog } from './logging';

const CANARY = 'anna@example.org';

describe('what is logged', () => {
  it('of a database error are the place and the code, never its values', () => {
    const error = Object.assign(new Error(`duplicate key: ${CANARY}`), {
      severity: 'ERROR',
      code: '23505',
      detail: `Key (email)=(${CANARY}) already exists.`,
      where: CANARY,
      table: 'profile',
      constraint: 'profile_email_key',
    });
    const wrapped = new Error('the import failed', { cause: error });
    const query = Object.assign(new Error(CANARY), { driverError: error, parameters: [CANARY], query: CANARY });
    expect(JSON.stringify([errorForLog(error), errorForLog(wrapped), errorForLog(query)])).not.toContain(CANARY);
    expect(errorForLog(wrapped)).toMatchObject({
      type: 'Error',
      message: 'the import failed',
      cause: { code: '23505', table: 'profile', constraint: 'profile_email_key' },
    });
  });

  it('of an error is where it came from', () => {
    expect(errorForLog(new TypeError('not so')).stack).toContain('logging.spec');
    expect(errorForLog('text')).toEqual({ type: 'string', message: 'not an Error was thrown' });
  });

  it('of what stopped at an event is the correlation id that the event belongs to', () => {
    expect(correlationOf(Object.assign(new Error('x'), { correlationId: 'c' }))).toEqual({ correlationId: 'c' });
    expect(correlationOf(new Error('x'))).toEqual({});
  });

  it('of causes that go round in a circle is not without end', () => {
    const error = new Error('round');
    error.cause = error;
    expect(JSON.stringify(errorForLog(error)).match(/"round"/g)).toHaveLength(5);
  });

  it('of a request are method and path, neither query nor headers', () => {
    const request = {
      method: 'GET',
      url: '/',
      originalUrl: `/api/v1/segments/1/members?externalId=${CANARY}`,
      headers: { authorization: CANARY },
    };
    expect(requestForLog(request as unknown as IncomingMessage)).toEqual({
      method: 'GET',
      path: '/api/v1/segments/1/members',
    });
  });

  it('on a terminal are lines that people read', () => {
    const json = JSON.stringify({ level: 40, time: 0, pid: 1, hostname: 'h', msg: 'slow', context: 'Import' });
    expect(lineForPeople(json)).toBe('00:00:00 WARN  slow {"context":"Import"}\n');
  });
});
