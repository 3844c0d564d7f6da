import { status } from '@grpc/grpc-js';
import { hostsOf, isConnectionString, unreachable } from './index';
import { EventStoreDbDouble } from './testing';

describe('whether the log can be had', () => {
  let double: EventStoreDbDouble;
  beforeAll(async () => {
    double = await EventStoreDbDouble.start();
  });
  afterAll(() => double.stop());

  it('is told with the reason, and without a secret', async () => {
    const url = double.connectionString.replace('//', '//admin:sesame@');
    const where = `EventStoreDB at ${hostsOf(url)}`;
    await double.faults({ refused: { code: status.UNAUTHENTICATED, count: 1 } });
    expect(await unreachable(url)).toBe(`${where} refuses the user and password of its connection string`);
    await double.faults({ refused: { code: status.PERMISSION_DENIED, count: 1 } });
    expect(await unreachable(url)).toBe(`${where} refuses the user and password of its connection string`);
    expect(await unreachable(url)).toBeNull();
    await double.kill();
    expect(await unreachable(url)).toBe(`${where} does not answer (ECONNREFUSED)`);
    await double.restart();
    expect(await unreachable(url)).toBeNull();
  });

  it.each([
    ['esdb://admin:sesame@one:2113', true, 'one:2113'],
    ['esdb+discover://admin:sesame@one:2113,two:2113?tls=true', true, 'one:2113,two:2113'],
    ['esdb://one?tls=false', true, 'one'],
    ['esdb://one:2113', false, 'one:2113'],
    ['esdb://admin:sesame@one:port', false, 'one:port'],
    ['http://admin:sesame@one:2113', false, 'one:2113'],
  ])('is seen of %s: %s', (text, valid, hosts) => {
    expect([isConnectionString(text), hostsOf(text)]).toEqual([valid, hosts]);
  });
});
