import { randomBytes, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Agent, request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port';
import { MeasuredProcess } from './measured-process';
import { BENCH } from './options';

const WAIT_MS = 600_000;
/** Often enough for a figure of 100 ms, seldom enough not to be a load of its own. */
const POLL_MS = 15;

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** The standalone application as `npm start` runs it, in a process of its own, and its HTTP API. */
export class Muster {
  private readonly agent = new Agent({ keepAlive: true });

  private constructor(
    private readonly port: number,
    private readonly key: string,
    /** For its CPU time and memory. */
    readonly process: MeasuredProcess,
  ) {}

  static async start(databaseUrl: string): Promise<Muster> {
    const [port, key] = [await freePort(), `mk_${randomUUID()}_${randomBytes(32).toString('base64url')}`];
    const child = MeasuredProcess.start(join(BENCH, '..', 'apps', 'standalone', 'dist', 'main.js'), {
      DATABASE_URL: databaseUrl,
      PORT: String(port),
      ADMIN_API_KEY: key,
      LOG_LEVEL: 'warn',
      SAMPLE_DATA: 'off',
    });
    const muster = new Muster(port, key, child);
    try {
      await child.ready(() => muster.answers('/health/ready'));
      return muster;
    } catch (error) {
      await muster.stop();
      throw error;
    }
  }

  async get<T>(path: string): Promise<T> {
    return this.json('GET', path, undefined);
  }

  async post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.json('POST', path, JSON.stringify(body));
  }

  async delete(path: string): Promise<void> {
    await this.json('DELETE', path, undefined);
  }

  /** Sends a file as CSV without holding it in memory. */
  async upload<T>(path: string, file: string): Promise<T> {
    return parsed(
      'POST',
      path,
      await this.send('POST', `/api/v1${path}`, { 'content-type': 'text/csv' }, (upload) =>
        pipeline(createReadStream(file), upload),
      ),
    );
  }

  /** Reads a resource until it is as wanted; one that is not there yet, or behind, is read again. */
  async until<T>(path: string, isDone: (answer: T) => boolean): Promise<T> {
    const end = performance.now() + WAIT_MS;
    for (;;) {
      const reply = await this.send('GET', `/api/v1${path}`);
      if (reply.status !== 404 && reply.status !== 503) {
        const answer = parsed<T>('GET', path, reply);
        if (isDone(answer)) return answer;
      }
      if (performance.now() > end) throw new Error(`GET ${path} is still ${reply.text.slice(0, 1_000)}`);
      await sleep(POLL_MS);
    }
  }

  async stop(): Promise<void> {
    this.agent.destroy();
    await this.process.stop();
  }

  /** A route as other processes call it. */
  route(path: string): { readonly port: number; readonly path: string; readonly headers: OutgoingHttpHeaders } {
    return { port: this.port, path: `/api/v1${path}`, headers: { authorization: `Bearer ${this.key}` } };
  }

  private async answers(path: string): Promise<boolean> {
    return this.send('GET', path).then(
      ({ status }) => status === 200,
      () => false,
    );
  }

  private async json<T>(method: string, path: string, body: string | undefined): Promise<T> {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    return parsed(
      method,
      path,
      await this.send(method, `/api/v1${path}`, headers, (sending) => {
        sending.end(body);
        return Promise.resolve();
      }),
    );
  }

  private send(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders = {},
    write: (sending: ReturnType<typeof request>) => Promise<void> = (sending) => {
      sending.end();
      return Promise.resolve();
    },
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.port, agent: this.agent, method, path };
      const authorised = { authorization: `Bearer ${this.key}`, ...headers };
      const failed = (error: Error): void => {
        reject(this.process.endError() ?? error);
      };
      const sending = request({ ...options, headers: authorised }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
        response.once('error', failed);
      });
      sending.once('error', failed);
      write(sending).catch(failed);
    });
  }
}

function parsed<T>(method: string, path: string, { status, text }: Reply): T {
  if (status < 200 || status > 299) throw new Error(`${method} ${path} was answered with ${String(status)}: ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
