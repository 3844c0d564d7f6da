import { START } from '@muster/event-store';
import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import type { Projection, Projections } from '@muster/projections';
import { Controller, Get, Inject, Module, type OnModuleInit } from '@nestjs/common';
import type { Pool } from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Roles } from '../http/access.decorators';
import { ReadsModel } from '../http/reads-model.decorator';
import { startTestApp, type TestApp } from '../testing';
import { EVENT_STORE } from '../tokens';
import { ContextModule } from './context.module';
import { InjectPool, InjectProjections, poolToken } from './inject';

class CreateThing1760000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE thing (id integer PRIMARY KEY)');
    // Another context's role is there already, whichever module is made first.
    await runner.query('GRANT SELECT ON thing TO muster_insights');
    await runner.query('GRANT USAGE ON SCHEMA segments TO muster_insights');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE thing');
  }
}

const counting: Projection = {
  name: 'counting',
  version: 1,
  categories: ['thing'],
  handles: ['ThingHappened'],
  ignores: [],
  tables: ['counted'],
  async create(client) {
    await client.query('CREATE TABLE counted (revision integer PRIMARY KEY)');
  },
  async apply(events, client) {
    for (const { revision } of events) await client.query('INSERT INTO counted VALUES ($1)', [revision]);
  },
};

@Controller('counted')
class CountedController {
  constructor(@InjectPool('segments') private readonly pool: Pool) {}

  @Roles('analyst')
  @ReadsModel('segments', 'counting')
  @Get()
  async count(): Promise<unknown> {
    return (await this.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM counted')).rows[0];
  }
}

@Module({
  imports: [
    ContextModule.forContext({ context: 'insights', migrations: [] }),
    ContextModule.forContext({ context: 'segments', migrations: [CreateThing1760000000000] }),
  ],
  controllers: [CountedController],
})
class ThingsModule implements OnModuleInit {
  constructor(
    @InjectProjections('segments') private readonly projections: Projections,
    @Inject(EVENT_STORE) readonly store: unknown,
  ) {}

  onModuleInit(): void {
    this.projections.register(counting);
  }
}

let database: TestDatabase;
let apps: readonly TestApp[];
beforeAll(async () => {
  database = await createTestDatabase();
  const start = () => startTestApp([ThingsModule], { databaseUrl: database.connectionString });
  // Two instances on a new database at the same moment.
  apps = await Promise.all([start(), start()]);
});
afterAll(async () => {
  for (const app of apps) await app.close();
  await database.drop();
});

function first(): TestApp {
  const [app] = apps;
  if (!app) throw new Error('not started');
  return app;
}

async function happen(app: TestApp): Promise<string> {
  const { position } = await app.store.append('thing-1', 'any', [
    {
      id: crypto.randomUUID(),
      type: 'ThingHappened',
      data: {},
      metadata: {
        v: 1,
        time: '2026-01-01T00:00:00.000Z',
        actor: { kind: 'system', id: 's', name: 's' },
        correlationId: 'c',
      },
    },
  ]);
  return position;
}

describe('a context', () => {
  const pool = (context: 'segments' | 'insights') => first().app.get<Pool>(poolToken(context));

  it('acts as its own role in its own schema', async () => {
    const { rows } = await pool('segments').query('SELECT current_user AS role, current_schema() AS schema');
    expect(rows).toEqual([{ role: 'muster_segments', schema: 'segments' }]);
  });

  it('is migrated once, also by two instances at the same moment', async () => {
    const { rows } = await pool('segments').query('SELECT name FROM migration');
    expect(rows).toEqual([{ name: 'CreateThing1760000000000' }]);
  });

  it('reads of another what that one grants, and nothing else', async () => {
    await expect(pool('insights').query('SELECT * FROM segments.thing')).resolves.toBeDefined();
    await expect(pool('insights').query('SELECT * FROM segments.migration')).rejects.toThrow('permission denied');
    await expect(pool('insights').query('INSERT INTO segments.thing VALUES (1)')).rejects.toThrow('permission denied');
    await expect(pool('insights').query('CREATE TABLE segments.mine ()')).rejects.toThrow('permission denied');
  });

  it('can append to the event store and read it, and change nothing in it', async () => {
    await expect(pool('insights').query('SELECT count(*) FROM event_store.event')).resolves.toBeDefined();
    await expect(pool('insights').query('DELETE FROM event_store.event')).rejects.toThrow('permission denied');
    await expect(pool('insights').query(`UPDATE event_store.event SET type = 'x'`)).rejects.toThrow(
      'permission denied',
    );
  });
});

describe('a read model', () => {
  it('is followed by one instance and waited for by all', async () => {
    for (const app of [...apps, ...apps, ...apps]) {
      const before = (await app.request('GET', '/api/v1/counted')).json()['n'];
      const position = await happen(app);
      for (const reader of apps) {
        const read = await reader.request('GET', '/api/v1/counted', undefined, { 'muster-min-position': position });
        expect(read.json()).toEqual({ n: Number(before) + 1 });
      }
    }
  });

  it('that has not caught up is told, with the time to come back', async () => {
    const far = `${await first().store.head()}~`;
    const behind = await first().request('GET', '/api/v1/counted', undefined, { 'muster-min-position': far });
    expect([behind.status, behind.json()['code'], behind.headers['retry-after']]).toEqual([
      503,
      'READ_MODEL_BEHIND',
      '1',
    ]);
  });

  it('needs no waiting without a position', async () => {
    const read = await first().request('GET', '/api/v1/counted', undefined, { 'muster-min-position': START });
    expect(read.status).toBe(200);
  });
});
