import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReverseProxy {
  readonly url: string;
  close(): Promise<void>;
}

/** One address for several services, by the first part of the path below `/api/v1`, as a stock proxy does it. */
export async function startReverseProxy(ports: ReadonlyMap<string, number>): Promise<ReverseProxy> {
  const server = createServer((incoming, response) => {
    const [, prefix = ''] = /^(?:\/api\/v1)?\/([a-z-]+)/.exec(incoming.url ?? '') ?? [];
    const port = ports.get(prefix);
    if (port === undefined) response.writeHead(404).end();
    else forward(incoming, response, port);
  });
  // Longer than a busy client may need between two requests: it must not find its connection closed.
  server.keepAliveTimeout = 72_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    close: () => closed(server),
  };
}

function forward(incoming: IncomingMessage, response: ServerResponse, port: number): void {
  const { method, url, headers } = incoming;
  const outgoing = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
  incoming.pipe(outgoing);
}

async function closed(server: Server): Promise<void> {
  const done = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await done;
}
