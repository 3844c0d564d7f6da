import { createServer, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino, type Logger } from 'pino';
import { problemDocument } from '../http/problem';
import type { LogLevel } from '../config/log-level';

const ASK_AGAIN_MS = 1_000;

/** What is missing, told for people; `null` when nothing is. */
export type Need = () => Promise<string | null>;

/**
 * Answers on the service's port while it cannot start yet: alive, not ready, and for what it waits. The order in which
 * services and databases are started does not matter then.
 */
export class WaitingRoom {
  private readonly server: Server;
  private reason = 'the process is starting';

  private constructor(private readonly logger: Logger) {
    this.server = createServer((request, response) => this.answer(request.url ?? '', response));
  }

  static async open(port: number, host: string, level: LogLevel): Promise<WaitingRoom> {
    const room = new WaitingRoom(pino({ level }));
    await new Promise<void>((resolve, reject) => {
      room.server.once('error', reject);
      room.server.listen(port, host, resolve);
    });
    return room;
  }

  /** Asks once a second until nothing is missing, and says each new reason. Rejects when `signal` is aborted. */
  async until(need: Need, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const reason = await need();
      if (reason === null) break;
      if (reason !== this.reason) this.logger.warn(`waiting: ${reason}`);
      this.reason = reason;
      await sleep(ASK_AGAIN_MS, undefined, { signal });
    }
    this.reason = 'the process is starting';
  }

  /** Frees the port. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private answer(url: string, response: ServerResponse): void {
    const path = url.split('?', 1)[0];
    response.setHeader('cache-control', 'no-store');
    // A connection that were kept would meet its end when the service takes the port over.
    response.setHeader('connection', 'close');
    if (path === '/health/live') send(response, 200, 'application/json', { status: 'live' });
    else if (path === '/health/ready') {
      send(response, 503, 'application/json', { status: 'unavailable', reasons: [this.reason] });
    } else {
      response.setHeader('retry-after', '5');
      const problem = problemDocument('DEPENDENCY_UNAVAILABLE', `Not yet: ${this.reason}.`, 'none');
      send(response, problem.status, 'application/problem+json', problem);
    }
  }
}

function send(response: ServerResponse, status: number, type: string, body: unknown): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8` }).end(JSON.stringify(body));
}
