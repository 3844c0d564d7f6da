import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { EventStoreDbDouble } from '@muster/event-store-eventstoredb/testing';
import { declareTopics, startKafka, type TestKafka } from '@muster/messaging-kafka/testing';
import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { Client } from '../client';
import { hasKafka, type FormName } from './form-names';
import { startReverseProxy, type ReverseProxy } from './reverse-proxy';
import { freePorts, ServiceProcess } from './service-process';

const ROOT = resolve(__dirname, '../../../..');

export const SERVICES = ['segments', 'campaigns', 'audiences', 'insights'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Paths below `/api/v1` by the service that has them; `health` is that of segments. */
const PREFIXES: readonly (readonly [string, ServiceName])[] = [
  ['profile-databases', 'segments'],
  ['imports', 'segments'],
  ['segments', 'segments'],
  ['api-keys', 'segments'],
  ['health', 'segments'],
  ['campaigns', 'campaigns'],
  ['activities', 'campaigns'],
  ['audiences', 'audiences'],
  ['insights', 'insights'],
  ['feed', 'insights'],
];

type Environment = Readonly<Record<string, string>>;

/** What the four processes stand on. */
class Ground {
  readonly env: Record<string, string>;
  kafka: TestKafka | undefined;
  double: EventStoreDbDouble | undefined;

  constructor(private readonly database: TestDatabase) {
    this.env = { DATABASE_URL: database.connectionString };
  }

  async addKafka(): Promise<void> {
    this.kafka = await startKafka();
    await declareTopics(this.kafka);
    const KAFKA_BROKERS = this.kafka.brokers.join(',');
    const oneCopy = { KAFKA_REPLICATION_FACTOR: '1', KAFKA_MIN_INSYNC_REPLICAS: '1' };
    // A consumer that was killed holds its partitions for so long: the least that a broker allows.
    const KAFKA_SESSION_TIMEOUT_MS = '6000';
    Object.assign(this.env, { BUS: 'kafka', KAFKA_BROKERS, KAFKA_SESSION_TIMEOUT_MS, ...oneCopy });
  }

  async addEventStoreDb(): Promise<void> {
    const { EVENTSTOREDB_URL: given = '' } = process.env;
    if (given === '') this.double = await EventStoreDbDouble.start();
    const EVENTSTOREDB_URL = this.double?.connectionString ?? given;
    Object.assign(this.env, { EVENT_STORE: 'eventstoredb', EVENTSTOREDB_URL });
  }

  async close(): Promise<void> {
    await this.kafka?.remove();
    await this.double?.stop();
    await this.database.drop();
  }
}

/** Muster as four processes behind one address. Nothing is started but what they stand on. */
export class Apart {
  readonly client: Client;
  private readonly processes: ServiceProcess[];

  private constructor(
    private readonly ground: Ground,
    private readonly proxy: ReverseProxy,
    services: ReadonlyMap<string, ServiceProcess>,
    readonly adminKey: string,
  ) {
    this.client = new Client(proxy.url, adminKey);
    this.processes = [...services.values()];
  }

  /** `more` goes into the environment of all of them. */
  static async prepare(form: Exclude<FormName, 'standalone'>, more: Environment = {}): Promise<Apart> {
    build();
    const ground = await groundOf(form);
    const ports = await freePorts(SERVICES.length);
    const keys = { ADMIN_API_KEY: key(), SERVICE_API_KEY: key() };
    const env = { ...ground.env, ...keys, ...more, SEGMENTS_URL: `http://127.0.0.1:${String(ports[0])}` };
    const services = new Map(SERVICES.map((name, i) => [name, new ServiceProcess(name, ports[i] ?? 0, env)]));
    const places = PREFIXES.map(([prefix, name]) => [prefix, services.get(name)?.port ?? 0] as const);
    const proxy = await startReverseProxy(new Map(places));
    return new Apart(ground, proxy, services, keys.ADMIN_API_KEY);
  }

  get kafka(): TestKafka {
    return there(this.ground.kafka, 'Kafka');
  }

  get eventStoreDb(): EventStoreDbDouble {
    return there(this.ground.double, 'double of EventStoreDB');
  }

  service(name: ServiceName): ServiceProcess {
    return there(
      this.processes.find((each) => each.name === name),
      name,
    );
  }

  /** One more of a service, beside the one that the proxy knows. */
  async another(name: ServiceName): Promise<ServiceProcess> {
    const [port = 0] = await freePorts(1);
    const twin = this.service(name).twin(port);
    this.processes.push(twin);
    return twin;
  }

  async start(): Promise<void> {
    for (const process of this.processes) process.start();
    await Promise.all(this.processes.map((process) => process.ready()));
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.end('SIGKILL')));
    await this.proxy.close();
    await this.ground.close();
  }
}

async function groundOf(form: FormName): Promise<Ground> {
  const ground = new Ground(await createTestDatabase());
  try {
    if (hasKafka(form)) await ground.addKafka();
    if (form === 'eventstoredb') await ground.addEventStoreDb();
    return ground;
  } catch (error) {
    await ground.close();
    throw error;
  }
}

function there<T>(found: T | undefined, name: string): T {
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

/** Does nothing where everything is built. */
function build(): void {
  const said = execFileSync(process.execPath, ['tools/build.mjs'], { cwd: ROOT, encoding: 'utf8' });
  if (!said.includes('0 errors')) throw new Error(said);
}

function key(): string {
  return `mk_${randomUUID()}_${randomBytes(24).toString('base64url')}`;
}
