import { readConfig, type Config } from '@muster/platform/config';
import { WrongUsage } from './failures';

type Variables = Readonly<Record<string, string | undefined>>;

/** What the tool needs to know of an installation: the variables of its services. */
export class Environment {
  private readonly config: Config;

  constructor(private readonly env: Variables) {
    this.config = readConfig(env, process.cwd());
  }

  /** Where the log is, as a URL. */
  get logUrl(): string {
    const { eventStore, eventStoreDbUrl } = this.config;
    return eventStore === 'eventstoredb' && eventStoreDbUrl !== null ? eventStoreDbUrl : this.databaseUrl;
  }

  get logInPostgres(): boolean {
    return this.config.eventStore === 'postgres';
  }

  /** A variable that only the tool reads; an empty one counts as absent. */
  secret(variable: string): string | null {
    const { [variable]: value = '' } = this.env;
    return value === '' ? null : value;
  }

  get hasDatabase(): boolean {
    return this.config.databaseUrl !== null;
  }

  get databaseUrl(): string {
    const { databaseUrl } = this.config;
    if (databaseUrl !== null) return databaseUrl;
    throw new WrongUsage(
      'DATABASE_URL is not set: the one of the services, like postgres://user:password@host:5432/muster',
    );
  }

  /** Whether consumers read from Kafka. */
  get usesKafka(): boolean {
    return this.config.bus === 'kafka';
  }

  /** How Kafka is reached, and how safe its topics must be; all of it checked, whichever bus the services use. */
  get kafka(): NonNullable<Config['kafka']> {
    if (this.config.kafka === null) {
      throw new WrongUsage('KAFKA_BROKERS is not set: host:port, or several separated by commas');
    }
    return readConfig({ ...this.env, BUS: 'kafka' }, process.cwd()).kafka ?? this.config.kafka;
  }
}
