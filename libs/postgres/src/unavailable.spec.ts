import { isUnavailable } from './unavailable';

const withCode = (code: string, message = 'x') => Object.assign(new Error(message), { code });

describe('an error says that Postgres is away', () => {
  it.each(['ECONNREFUSED', 'ECONNRESET', '08006', '57P01', '57P03', '53300', '53100'])('with code %s', (code) => {
    expect(isUnavailable(withCode(code))).toBe(true);
  });

  it.each(['Connection terminated unexpectedly', 'timeout exceeded when trying to connect'])('with "%s"', (message) => {
    expect(isUnavailable(new Error(message))).toBe(true);
  });

  it.each(['23505', '42P01', '57014', '57P04', '22021'])('but not with code %s', (code) => {
    expect(isUnavailable(withCode(code))).toBe(false);
  });

  it('but not when a statement only mentions a lost connection', () => {
    expect(isUnavailable(withCode('P0001', 'Connection terminated by rule'))).toBe(false);
    expect(isUnavailable(new Error('no such table'))).toBe(false);
    expect(isUnavailable('ECONNREFUSED')).toBe(false);
  });
});
