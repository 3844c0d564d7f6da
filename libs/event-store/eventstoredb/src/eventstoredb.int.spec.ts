import { describeIf } from '@muster/embedded/testing';
import { eventStoreConformance } from '@muster/event-store-testing';
import { EventStoreDbEventStore } from './index';
import { EventStoreDbDouble } from './testing';

jest.setTimeout(60_000);

describe('on the double', () => {
  let double: EventStoreDbDouble;
  beforeAll(async () => {
    double = await EventStoreDbDouble.start();
  });
  afterAll(() => double.stop());

  const open = () => EventStoreDbEventStore.open({ connectionString: double.connectionString });

  eventStoreConformance('EventStoreDbEventStore', {
    open,
    openFor: (allowedCategories) =>
      EventStoreDbEventStore.open({ connectionString: double.connectionString, allowedCategories }),
    outage: { open, begin: () => double.kill(), end: () => double.restart() },
  });
});

const url = process.env['EVENTSTOREDB_URL'];

describeIf(Boolean(url), 'set EVENTSTOREDB_URL to run the suite against a real server')(
  'on a real EventStoreDB',
  () => {
    const connectionString = url ?? '';

    eventStoreConformance('EventStoreDbEventStore', {
      open: () => EventStoreDbEventStore.open({ connectionString }),
      openFor: (allowedCategories) => EventStoreDbEventStore.open({ connectionString, allowedCategories }),
    });
  },
);
