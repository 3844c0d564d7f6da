import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { Closing } from './closing';

/** How long requests in hand may take once the process is stopping. */
const DRAIN_MS = 10_000;
/** How long a connection that has asked nothing yet may take to ask. */
const FIRST_REQUEST_MS = 1_000;

/**
 * The first step of `app.close()`: no new connections, requests in hand are finished, streams without end are ended.
 * Nest itself closes the server only after the hooks in which workers and projections stop.
 */
@Injectable()
export class HttpDrain implements OnApplicationBootstrap, OnModuleDestroy {
  /** Node counts a connection that was never used as busy: clients that gave up before they asked leave some. */
  private readonly unused = new Set<Socket>();

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly closing: Closing,
  ) {}

  onApplicationBootstrap(): void {
    this.server.on('connection', (socket: Socket) => {
      this.unused.add(socket);
      socket.once('close', () => this.unused.delete(socket));
    });
    this.server.on('request', ({ socket }: IncomingMessage) => this.unused.delete(socket));
  }

  async onModuleDestroy(): Promise<void> {
    this.closing.begin();
    const { server } = this;
    if (!server.listening) return;
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    const silent = setTimeout(() => this.unused.forEach((socket) => socket.destroy()), FIRST_REQUEST_MS);
    const deadline = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    });
    clearInterval(idle);
    clearTimeout(silent);
    clearTimeout(deadline);
  }

  private get server(): Server {
    return this.host.httpAdapter.getHttpServer() as Server;
  }
}
