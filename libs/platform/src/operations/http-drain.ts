import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';
import { Closing } from './closing';

/** How long requests in hand may take once the process is stopping. */
const DRAIN_MS = 10_000;

/**
 * The first step of `app.close()`: no new connections, requests in hand are finished, streams without end are ended.
 * Nest itself closes the server only after the hooks in which workers and projections stop.
 */
@Injectable()
export class HttpDrain implements OnModuleDestroy {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly closing: Closing,
  ) {}

  async onModuleDestroy(): Promise<void> {
    this.closing.begin();
    const server = this.host.httpAdapter.getHttpServer() as Server;
    if (!server.listening) return;
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    const deadline = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    });
    clearInterval(idle);
    clearTimeout(deadline);
  }
}
