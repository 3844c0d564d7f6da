import { EventStoreDBClient, type Credentials } from '@eventstore/db-client';

/** A connection takes about 100 calls, more wait in line: half of that leaves room. */
export const SUBSCRIPTIONS_PER_CLIENT = 50;

export interface SubscriptionClient {
  readonly client: EventStoreDBClient;
  readonly release: () => void;
}

/**
 * The clients of one store. Short calls, reads and subscriptions have clients, and so connections, of their own: readers
 * that are slow hold their calls open and would keep appends waiting.
 */
export class Connections {
  /** For calls that end soon: appends, the head, scans. */
  readonly calls: EventStoreDBClient;
  /** For reads, which last as long as their reader takes. */
  readonly reads: EventStoreDBClient;
  /** Sent with each call. That they are there also keeps the client from batch appends, which know no deadline. */
  readonly credentials: Credentials;
  private readonly subscriptions: { readonly client: EventStoreDBClient; open: number }[] = [];

  constructor(private readonly connectionString: string) {
    this.credentials = credentialsOf(connectionString);
    this.calls = this.connect();
    this.reads = this.connect();
  }

  /** A client that has room for one more subscription. */
  forSubscription(): SubscriptionClient {
    let place = this.subscriptions.find(({ open }) => open < SUBSCRIPTIONS_PER_CLIENT);
    if (!place) {
      place = { client: this.connect(), open: 0 };
      this.subscriptions.push(place);
    }
    const taken = place;
    taken.open++;
    return {
      client: taken.client,
      release: () => {
        taken.open--;
      },
    };
  }

  /** Cancels what is still open: until then the process stays alive. */
  async dispose(): Promise<void> {
    const clients = [this.calls, this.reads, ...this.subscriptions.map(({ client }) => client)];
    await Promise.all(clients.map((client) => client.dispose()));
  }

  private connect(): EventStoreDBClient {
    return EventStoreDBClient.connectionString(withOwnConnection(this.connectionString));
  }
}

const KEEP_ALIVE_MS = 10_000;
let clients = 0;

/**
 * Clients of the same server and options share one connection in grpc-js, unless its credentials tell them apart, which
 * those of a server without TLS do not. So each asks for keep-alives a millisecond later than the one before.
 */
function withOwnConnection(connectionString: string): string {
  const given = /([?&]keepAliveInterval=)(-?\d+)/i;
  const interval = Number(given.exec(connectionString)?.[2] ?? KEEP_ALIVE_MS);
  if (interval < 0) return connectionString;
  const own = String(interval + clients++);
  if (given.test(connectionString)) return connectionString.replace(given, `$1${own}`);
  return `${connectionString}${connectionString.includes('?') ? '&' : '?'}keepAliveInterval=${own}`;
}

const FORM = /^(?:esdb|kurrentdb|kdb|eventstore)(?:\+discover)?:\/\/(?:([^:@/]*):([^@/]*)@)?[^/?]+/;

/** Throws where the string is none, or names no user although the server will ask for one. */
export function credentialsOf(connectionString: string): Credentials {
  const match = FORM.exec(connectionString);
  if (!match) throw new TypeError('the connection string of EventStoreDB looks like esdb://user:password@host:2113');
  const [, username, password] = match;
  if (username !== undefined && password !== undefined) {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  }
  if (!/[?&]tls=false(&|$)/i.test(connectionString)) {
    throw new TypeError('the connection string of EventStoreDB names user and password, unless it says tls=false');
  }
  // A server without TLS asks for nobody, and the client then sends nothing.
  return { username: '', password: '' };
}
